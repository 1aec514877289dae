"""Keeps boards of nodes up to date, each in a thread of its own, also when a node starts anew."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from drawplate.emulators.control.client import Hardware
from drawplate.emulators.problems import Problem
from drawplate.emulators.watch.board import Board

_log = logging.getLogger(__name__)

# Between attempts to reach a node that went. Seconds.
AGAIN = 1.0

# By node, and by the UUID or PCI address of a device: who holds it, in words.
Holders = Callable[[], Mapping[str, Mapping[str, str]]]


class Follower:
    """The boards of some nodes; `wait` returns when one changed."""

    def __init__(self, controls: Mapping[str, Path]) -> None:
        """Follow the nodes of these control sockets, by name. Nothing happens before `start`."""
        self.boards = {name: Board(name) for name in controls}
        self.lock = threading.Lock()
        self._controls = controls
        self._changed = threading.Condition()
        self._version = 0
        self._stop = threading.Event()

    def start(self) -> None:
        """Begin."""
        for name, control in self._controls.items():
            threading.Thread(
                target=self._follow, args=(self.boards[name], control), daemon=True
            ).start()

    def stop(self) -> None:
        """Let everyone who waits go; the threads end with their streams."""
        self._stop.set()
        self._tell()

    def wait(self, version: int, timeout: float) -> int:
        """Wait until there is something newer than `version`; give the version of now."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version or self._stop.is_set(), timeout)
            return self._version

    def pause(self, seconds: float) -> bool:
        """Wait, unless this was stopped; tell whether it was."""
        return self._stop.wait(seconds)

    def call(self, name: str, op: str, arguments: Mapping[str, Any]) -> Any:
        """Run an operation on a node. Raises KeyError, Refused or Problem."""
        with Hardware(self._controls[name]) as connection:
            return connection.call(op, **arguments)

    def _follow(self, board: Board, control: Path) -> None:
        while not self._stop.is_set():
            try:
                self._read(board, control)
            except Problem as problem:
                _log.info("node %s: %s", board.name, problem.what)
            with self.lock:
                board.alive = False
            self._tell()
            self._stop.wait(AGAIN)

    def _read(self, board: Board, control: Path) -> None:
        with Hardware(control) as connection:
            for item in connection.stream("watch", quiet=True):
                if self._stop.is_set():
                    return
                with self.lock:
                    stale = board.take(item, time.monotonic())
                if stale:
                    with Hardware(control) as second, self.lock:
                        board.take({"snapshot": second.snapshot()}, time.monotonic())
                if "idle" not in item:
                    self._tell()

    def _tell(self) -> None:
        with self._changed:
            self._version += 1
            self._changed.notify_all()
