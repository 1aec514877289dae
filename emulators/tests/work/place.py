"""A node whose devices programs can reach through a socket."""

import os
import subprocess
import sys
import threading
from pathlib import Path

from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.state.change import Changes
from drawplate.emulators.state.model import State
from drawplate.emulators.work.server import WorkServer
from drawplate.emulators.work.workshop import Workshop

PATIENCE = 20.0


class Watcher:
    """Lets a test wait for what the state becomes."""

    name = "watcher"

    def __init__(self) -> None:
        self.seen = 0
        self.moved = threading.Condition()

    def start(self, state: State) -> None:
        """Nothing to show."""

    def apply(self, changes: Changes) -> None:
        self.seen = changes.generation
        with self.moved:
            self.moved.notify_all()

    def stop(self) -> None:
        """Nothing was made."""


class Place:
    """A node whose devices programs can reach."""

    def __init__(self, folder: Path) -> None:
        self.state = State(place(load("dgx-h100"), "node"))
        self.workshop = Workshop(self.state)
        self.state.rules.append(self.workshop.follow)
        self.path = folder / "work.sock"
        self.server = WorkServer(self.workshop, self.path)
        self.watcher = Watcher()
        self.state.add_surface(self.watcher)
        self.state.add_surface(self.server)

    def wait_for_processes(self, count: int, device: str = "gpu0") -> None:
        gpu = self.state.device(device)
        with self.watcher.moved:
            assert self.watcher.moved.wait_for(lambda: len(gpu["processes"]) == count, PATIENCE)

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "drawplate.emulators.work.client", *words],
            env={**os.environ, "DRAWPLATE_WORK": str(self.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
