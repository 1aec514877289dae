"""The program nvidia-smi in a node's root; it reads and writes the state by the library alone."""

from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.nvml.node_record import driver_version
from drawplate.emulators.smi.build import install

if TYPE_CHECKING:
    from drawplate.emulators.state.change import Changes
    from drawplate.emulators.state.model import State


class NvidiaSmi:
    """A file that is made at the start, and nothing after it."""

    name = "nvidia-smi"

    def __init__(self, root: Path) -> None:
        """Install into `root`."""
        self._root = root
        self._made: Path | None = None
        self.seen = 0

    def start(self, state: "State") -> None:
        """Compile and install. Raises SetupProblem without a compiler."""
        self._made = install(driver_version(state), self._root)

    def apply(self, changes: "Changes") -> None:
        """Nothing depends on the state."""
        self.seen = changes.generation

    def stop(self) -> None:
        """Take the file away."""
        if self._made is not None:
            self._made.unlink(missing_ok=True)
            self._made = None
