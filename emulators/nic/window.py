"""The real sysfs of a network namespace, without a mount point.

A mount of sysfs shows the interfaces of the namespace in which it was made; /sys of this process
may be that of another. fsopen(2), fsconfig(2) and fsmount(2) have the same numbers on all
architectures (since Linux 5.2).
"""

import ctypes
import os
from collections.abc import Callable
from pathlib import Path

from drawplate.emulators.nic import namespaces
from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.state.change import Changes
from drawplate.emulators.state.model import State

_FSOPEN, _FSCONFIG, _FSMOUNT = 430, 431, 432
_CLOEXEC = 1
_CMD_CREATE = 6

_libc = ctypes.CDLL(None, use_errno=True)


def open_sysfs(namespace: int) -> int:
    """Give a descriptor of the root of the namespace's sysfs; the caller closes it.

    Raises SetupProblem when the kernel does not allow it.
    """
    return namespaces.run_inside(namespace, _mount)


def is_sysfs_of(root: int, path: Path) -> bool:
    """Tell whether the same namespace's sysfs is mounted at a path: there is one for each."""
    return os.fstat(root).st_dev == path.stat().st_dev


class Window:
    """Keeps such a descriptor open for as long as the node lives; shows nothing by itself."""

    name = "lower-sysfs"

    def __init__(self, root: int, closing: Callable[[], object]) -> None:
        """Keep `root`, and close it at the end, when `closing` is called too."""
        self.seen = 0
        self._root = root
        self._closing = closing

    @property
    def path(self) -> str:
        """A path that leads to it within this process."""
        return f"/proc/self/fd/{self._root}"

    def start(self, state: State) -> None:
        """Nothing is to be done."""

    def apply(self, changes: Changes) -> None:
        """Nothing is to be done."""
        self.seen = changes.generation

    def stop(self) -> None:
        """Close it."""
        if self._root >= 0:
            os.close(self._root)
            self._root = -1
            self._closing()


def _mount() -> int:
    context = _call(_FSOPEN, b"sysfs", _CLOEXEC)
    try:
        _call(_FSCONFIG, context, _CMD_CREATE, None, None, 0)
        return _call(_FSMOUNT, context, _CLOEXEC, 0)
    finally:
        os.close(context)


def _call(*arguments: object) -> int:
    result = int(_libc.syscall(*arguments))
    if result < 0:
        why = os.strerror(ctypes.get_errno())
        raise SetupProblem(
            f"cannot see the interfaces of the network namespace in sysfs: {why}",
            cure="run as root with CAP_SYS_ADMIN on Linux 5.2 or later, or set `tree.lower`",
        )
    return result
