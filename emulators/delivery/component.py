"""The hardware of a whole node, as one of its components: `python -m drawplate.emulators.delivery.component`.

It runs in the node's mount namespace, and shows the hardware in the places of the node's own
files. The process that has the state works in a copy of that namespace in which /sys and /proc
stay the kernel's; a second, small process shows what the first one has made, and takes it away
when the first one has died, whichever way.
"""

import argparse
import fcntl
import logging
import os
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn

from drawplate.emulators.delivery.mounting import NEW_MOUNTS, PRIVATE, RECURSIVE, mount, unshare
from drawplate.emulators.delivery.occupancy import release_mounts
from drawplate.emulators.delivery.part import DEV_OPTION
from drawplate.emulators.delivery.placing import place_all, take_away, take_trees_away
from drawplate.emulators.ending import Ending
from drawplate.emulators.node import Node, NodeSettings
from drawplate.emulators.problems import Problem, SuiteError

_LOCK = ".shown"
_READY = b"ready\n"
# Where drivers in a node write CDI files: containerd's dynamic folder.
CDI_FOLDER = "/var/run/cdi"
_END = b"end\n"
_KERNELS_OWN = ("/sys", "/proc")

_log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Show a machine on this node until SIGTERM; 0 after a clean end."""
    given = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    given.folder.mkdir(parents=True, exist_ok=True)
    with _shown(given.folder):
        # A predecessor that was killed together with its second process has not done it.
        take_away(given.folder)
        release_mounts(given.folder)
    ending = Ending()
    try:
        shower = _Shower(given.folder)
        _keep_kernels_own()
        ending.on_signals()
        node = Node(_settings(given))
        node.start()
        shower.show()
        _tell_ready()
        ending.wait()
        node.stop()
        shower.end()
    except Problem as problem:
        _log.error("%s", problem)
        return problem.exit_code
    return 0


class _Shower:
    """The second process, from the first one's side."""

    def __init__(self, folder: Path) -> None:
        """Start it; it ends when this process does."""
        reading, self._orders = os.pipe()
        self._answers, answering = os.pipe()
        if os.fork() == 0:
            os.close(self._orders)
            os.close(self._answers)
            _serve(folder, reading, answering)
        os.close(reading)
        os.close(answering)

    def show(self) -> None:
        """Have everything shown. Raises SuiteError when that fails."""
        os.write(self._orders, _READY)
        answer = os.read(self._answers, 4096).decode()
        if answer != _READY.decode():
            raise SuiteError(f"the hardware cannot be shown on the node: {answer}")

    def end(self) -> None:
        """Have everything taken away, and wait for that."""
        os.write(self._orders, _END)
        os.read(self._answers, 1)


def _serve(folder: Path, orders: int, answers: int) -> NoReturn:
    """Show what the node has when told to, and take the trees away when the first process is gone."""
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)
        with _shown(folder):
            if os.read(orders, len(_READY)) == _READY:
                os.write(answers, _show(folder))
            # What needs no process stays for programs that use it, unless this is the end.
            (take_away if os.read(orders, len(_END)) else take_trees_away)(folder)
            release_mounts(folder)
    finally:
        os._exit(0)


@contextmanager
def _shown(folder: Path) -> Iterator[None]:
    """Wait until nobody else mounts or unmounts for this folder, and keep others from it."""
    descriptor = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _show(folder: Path) -> bytes:
    try:
        for missing in place_all(folder):
            _log.warning("not in place: %s: %s", missing.path, missing.reason)
    except OSError as error:
        return str(error).encode()
    return _READY


def _settings(given: argparse.Namespace) -> NodeSettings:
    without = frozenset(part for part in given.without.split(",") if part)
    options = {DEV_OPTION: "/dev", "uevents.netns": "self", "faults.cdi": CDI_FOLDER}
    return NodeSettings(given.machine, given.node, given.folder, without, options)


def _keep_kernels_own() -> None:
    unshare(NEW_MOUNTS)
    for tree in _KERNELS_OWN:
        mount("", tree, flags=PRIVATE | RECURSIVE)


def _tell_ready() -> None:
    """Tell whoever started this that it is ready (sd_notify(3))."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.sendto(b"READY=1", address)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hardware")
    parser.add_argument("--machine", required=True)
    parser.add_argument("--node", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--without", default="", metavar="PART,…")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
