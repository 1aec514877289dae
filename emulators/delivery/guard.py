"""A process that ends and removes a private node when the command that it belongs to is gone.

It is there before the node is, and hears of the command's end through a pipe that the kernel
closes, so nothing is left whichever way the command ends.
"""

import os
import select
import signal
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from drawplate.emulators.delivery.occupancy import remove_folder

# What a node's process may take to put everything away. Seconds.
_GRACE = 10.0


@dataclass(frozen=True, slots=True)
class Guard:
    """The guard as the command sees it: told which namespaces are the run's, and who is the daemon."""

    pid: int
    _pipe: int

    def tell_daemon(self, pid: int) -> None:
        """Tell of the process that is ended with SIGTERM, after all others."""
        self._tell(f"daemon {pid}")

    def tell_namespace(self) -> None:
        """Tell that all processes in this one's mount namespace are the run's."""
        self._tell(f"namespace {_namespace('self')}")

    def finish(self) -> None:
        """Have everything ended and removed, and wait for that."""
        os.close(self._pipe)
        os.waitpid(self.pid, 0)

    def _tell(self, line: str) -> None:
        os.write(self._pipe, f"{line}\n".encode())


def post(folder: Path | None) -> Guard:
    """Post a guard over what this process will start; it removes `folder`, if given, in the end.

    Must be called by a process with one thread, in the mount namespace where the folder shall be
    removed.
    """
    reading, writing = os.pipe()
    owner = os.getpid()
    pid = os.fork()
    if pid:
        os.close(reading)
        return Guard(pid, writing)
    try:
        os.setsid()
        os.close(writing)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        _watch(reading, owner, folder)
    finally:
        os._exit(0)


def _watch(pipe: int, owner: int, folder: Path | None) -> None:
    with os.fdopen(pipe, encoding="ascii") as lines:
        told = [line.split() for line in lines]
    namespaces = {word for kind, word in told if kind == "namespace"}
    daemons = [int(word) for kind, word in told if kind == "daemon"]
    _kill_all(namespaces, {owner, os.getpid(), *daemons})
    for pid in daemons:
        _end(pid)
    _kill_all(namespaces, {owner, os.getpid()})
    if folder is not None:
        remove_folder(folder)


def _kill_all(namespaces: Iterable[str], spared: set[int]) -> None:
    wanted = {*namespaces}
    while members := [*_members(wanted, spared)]:
        for pid in members:
            _kill(pid, signal.SIGKILL, _GRACE)


def _members(namespaces: set[str], spared: set[int]) -> Iterator[int]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            pid = int(process.name)
            if pid not in spared and _namespace(process.name) in namespaces:
                yield pid


def _namespace(process: str) -> str:
    # A process that is a zombie has none, and readlink fails.
    return str(Path("/proc", process, "ns", "mnt").readlink())


def _end(pid: int) -> None:
    _kill(pid, signal.SIGTERM, _GRACE)
    _kill(pid, signal.SIGKILL, _GRACE)


def _kill(pid: int, number: signal.Signals, patience: float | None) -> None:
    """Send a signal and wait for the process's end, at most `patience` seconds."""
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(pid)
        try:
            signal.pidfd_send_signal(descriptor, number)
            poll = select.poll()
            poll.register(descriptor, select.POLLIN)
            poll.poll(None if patience is None else patience * 1000)
        finally:
            os.close(descriptor)
