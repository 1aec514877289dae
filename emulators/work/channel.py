"""How programs in containers reach the hardware: the programs, and a socket where CDI files look.

CDI files of real drivers know nothing of our socket, but `nvidia-ctk cdi generate` and the DRA
driver, which use the same library, mount the socket of the persistence daemon wherever the driver
root has one (nvidia-container-toolkit, internal/discover/ipc.go). So the same socket stands there.
"""

import logging
import os
from pathlib import Path

from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.state.change import Changes
from drawplate.emulators.state.model import State
from drawplate.emulators.work.build import MPS_CONTROL, WORK, install

_log = logging.getLogger(__name__)

PERSISTENCED = "run/nvidia-persistenced/socket"
# Where our own delivery puts it into containers.
OURS = "run/drawplate/work.sock"


class Channel:
    """A surface of files: it follows nothing."""

    name = "work-channel"

    def __init__(self, root: Path, socket: Path) -> None:
        """Put files into `root`; `socket` is served already when this starts."""
        self.seen = 0
        self._socket = socket
        self._root = root

    def start(self, state: State) -> None:
        """Put the programs and the socket into place."""
        self.seen = state.generation
        nvidia = bool(state.devices(kind="nvidia-gpu", absent=True))
        try:
            install(WORK, self._root)
            if nvidia:
                install(MPS_CONTROL, self._root)
        except SetupProblem as problem:
            # Python programs can still work, and everything else is there.
            _log.warning("containers have no program to work with: %s", problem)
        self._link(OURS)
        if nvidia:
            self._link(PERSISTENCED)

    def apply(self, changes: Changes) -> None:
        """Nothing here depends on the state."""
        self.seen = changes.generation

    def stop(self) -> None:
        """Take the socket away; the programs are left to those who run them."""
        for name in (OURS, PERSISTENCED):
            (self._root / name).unlink(missing_ok=True)

    def _link(self, name: str) -> None:
        # A further name of one socket, since links are not followed by all who look for it.
        target = self._root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        os.link(self._socket, target)
