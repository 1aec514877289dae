"""Network namespaces: makes, keeps, finds and enters them, one thread at a time."""

import ctypes
import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from drawplate.emulators.problems import SetupProblem

# sched.h, mount.h, magic.h
CLONE_NEWNET = 0x40000000
MS_BIND = 0x1000
MNT_DETACH = 2

OWN = Path("/proc/self/ns/net")
_CURRENT = "/proc/thread-self/ns/net"
# linux/nsfs.h: NS_GET_NSTYPE
_NS_GET_NSTYPE = 0xB703

_libc = ctypes.CDLL(None, use_errno=True)
Result = TypeVar("Result")


def open_namespace(path: Path) -> int:
    """Give a descriptor of the network namespace at `path`; the caller closes it.

    Raises SetupProblem when there is none.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise _no_namespace(path, str(error.strerror)) from None
    if not _is_network(descriptor):
        os.close(descriptor)
        raise _no_namespace(path, "it is another kind of file")
    return descriptor


@contextmanager
def opened(path: Path) -> Iterator[int]:
    """Lend a descriptor of the network namespace at `path`. Raises SetupProblem when there is none."""
    descriptor = open_namespace(path)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def run_inside(namespace: int, action: Callable[[], Result]) -> Result:
    """Do something with a thread in a namespace; sockets made there stay there.

    Raises what `action` raises, and SetupProblem when this process may not enter.
    """
    results: list[Result] = []
    problems: list[BaseException] = []

    def work() -> None:
        if _libc.setns(namespace, CLONE_NEWNET) != 0:
            problems.append(_not_permitted(os.strerror(ctypes.get_errno())))
            return
        try:
            results.append(action())
        # Whatever it is, the caller's thread is where it belongs.
        except BaseException as problem:  # noqa: BLE001
            problems.append(problem)

    thread = threading.Thread(target=work, name="namespace")
    thread.start()
    thread.join()
    if problems:
        raise problems[0]
    return results[0]


def make_namespace(path: Path) -> None:
    """Make a new network namespace that lives at `path` until it is unmounted there.

    Raises SetupProblem without the privilege.
    """
    path.touch(exist_ok=True)
    problems: list[str] = []

    def work() -> None:
        # The thread ends with the namespace that it made: nothing else changes.
        if _libc.unshare(CLONE_NEWNET) != 0 or _libc.mount(
            os.fsencode(_CURRENT), os.fsencode(path), None, MS_BIND, None
        ):
            problems.append(os.strerror(ctypes.get_errno()))

    thread = threading.Thread(target=work, name="namespace")
    thread.start()
    thread.join()
    if problems:
        raise _not_permitted(problems[0])


def drop_namespace(path: Path) -> None:
    """Let go of a namespace that was made here; it ends when nobody else holds it."""
    _libc.umount2(os.fsencode(path), MNT_DETACH)
    with suppress(OSError):
        path.unlink()


def is_namespace(path: Path) -> bool:
    """Tell whether a network namespace lives at `path`."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return _is_network(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a lock that all processes of this machine share."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _is_network(descriptor: int) -> bool:
    try:
        return fcntl.ioctl(descriptor, _NS_GET_NSTYPE) == CLONE_NEWNET
    except OSError:
        return False


def _no_namespace(path: Path, why: str) -> SetupProblem:
    return SetupProblem(
        f"there is no network namespace here: {why}",
        where=str(path),
        cure="name the file of one, for instance /run/netns/NAME or /proc/PID/ns/net",
    )


def _not_permitted(why: str) -> SetupProblem:
    return SetupProblem(
        f"cannot enter or make a network namespace: {why}",
        cure="run as root with CAP_SYS_ADMIN, or leave the interfaces out (`--without nic.links`)",
    )
