"""One emulated node: its state, and the parts that show it through the interfaces of real hardware.

A part is a package of `emulators` with a module `part` that has `attach(node)`. It may append to
`node.state.rules`, `.tickers` and `.recoverers`, to `node.surfaces` (started after recovery, in
order, stopped in reverse order), to `node.operations` (of the control socket), and to
`node.beginnings` (done once, when a node is new and everything is shown).
"""

import importlib
import json
import logging
import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from drawplate.emulators import places
from drawplate.emulators.control.operations import StateOperations
from drawplate.emulators.control.server import Server
from drawplate.emulators.delivery.occupancy import remove_folder
from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.state import journal
from drawplate.emulators.state.clock import Clock
from drawplate.emulators.state.model import State, Surface
from drawplate.emulators.state.ticker import Ticker

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

# In the order in which their surfaces start: uevents tell of what the others show by then.
PARTS = (
    "work",
    "faults",
    "nvml",
    "mig",
    "smi",
    "nic",
    "tpu",
    "metadata",
    "devices",
    "tree",
    "delivery",
    "uevents",
)


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """How one node is emulated. `without` names parts, or options of parts, that are left out."""

    machine: str
    name: str
    folder: Path
    without: frozenset[str] = frozenset()
    # What parts need beside that, by `part.option`, as the command line gives it.
    options: dict[str, str] = field(default_factory=dict)

    @property
    def root(self) -> Path:
        """What the node's own file system would have: usr/, sys/, proc/, dev/, etc/."""
        return self.folder / places.ROOT

    @property
    def is_root(self) -> bool:
        """Tell whether device nodes, mounts and links may be made."""
        return os.geteuid() == 0


class Node:
    """A node's state, surfaces and operations. Nothing is shown before `start`."""

    def __init__(self, settings: NodeSettings, clock: Clock | None = None) -> None:
        """Read the machine file. Raises SetupProblem when it is not right."""
        self.settings = settings
        self.state = State(place(load(settings.machine), settings.name), clock)
        self.surfaces: list[Surface] = []
        self.beginnings: list[Callable[[], object]] = []
        self.operations: dict[str, Callable[..., Any]] = {
            **StateOperations(self.state).table(),
            "describe": self.describe,
        }
        self._ending = ExitStack()

    def start(self) -> None:
        """Recover what was, show everything, and serve. Raises SetupProblem."""
        folder = self.settings.folder
        folder.mkdir(parents=True, exist_ok=True)
        self.settings.root.mkdir(exist_ok=True)
        with ExitStack() as stack:
            for name in PARTS:
                if name not in self.settings.without:
                    importlib.import_module(f"drawplate.emulators.{name}.part").attach(self)
            path = folder / places.JOURNAL
            recovered = journal.recover(self.state, path)
            if recovered:
                _log.info("recovered", extra={"generation": self.state.generation})
            for surface in [*self.surfaces, journal.Journal(path)]:
                # Also when its start fails: what is half made is taken away.
                stack.callback(surface.stop)
                self.state.add_surface(surface)
            for begin in () if recovered else self.beginnings:
                begin()
            ticker = Ticker(self.state)
            ticker.start()
            stack.callback(ticker.stop)
            self._describe_itself()
            server = Server(folder / places.CONTROL_SOCKET, self.operations)
            server.start()
            stack.callback(server.stop)
            self._ending = stack.pop_all()

    def stop(self) -> None:
        """End everything, and take away what was made; the journal stays."""
        self._ending.close()

    def forget(self) -> None:
        """Remove the folder: the next start begins with the machine file. Raises SetupProblem."""
        remove_folder(self.settings.folder)

    def describe(self) -> dict[str, Any]:
        """Say what this node is and where its files are."""
        return {
            "node": self.settings.name,
            "machine": self.state.node.machine.machine,
            "pid": os.getpid(),
            "version": version("drawplate"),
            "folder": str(self.settings.folder),
            "root": str(self.settings.root),
            "without": sorted(self.settings.without),
            "surfaces": {one.name: one.seen for one in self.state.surfaces},
            "generation": self.state.generation,
        }

    def _describe_itself(self) -> None:
        part = self.settings.folder / f".{places.DESCRIPTION}.part"
        part.write_text(json.dumps(self.describe(), indent=1), encoding="utf-8")
        part.replace(self.settings.folder / places.DESCRIPTION)
