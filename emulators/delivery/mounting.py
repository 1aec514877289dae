"""The system calls of mounts, namespaces and process trees that Python 3.11 does not have."""

import ctypes
import os
from pathlib import Path

BIND = 0x1000
MOVE = 0x2000
REMOUNT = 0x20
RECURSIVE = 0x4000
PRIVATE = 0x40000
SLAVE = 0x80000
SHARED = 0x100000
READ_ONLY = 1
NO_SUID = 2
NO_DEV = 4
NO_EXEC = 8
NEW_MOUNTS = 0x20000
NEW_NETWORK = 0x40000000
_DETACH = 2
_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None, use_errno=True)

AnyPath = Path | str


def mount(source: AnyPath, target: AnyPath, kind: str = "", flags: int = 0, data: str = "") -> None:
    """Mount something (mount(2)); raises `OSError` that names source and target."""
    arguments = [os.fsencode(each) for each in (source, target, kind)]
    if _LIBC.mount(*arguments, ctypes.c_ulong(flags), data.encode()) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"mount: {os.strerror(number)}", str(source), None, str(target))


def bind(source: AnyPath, target: AnyPath) -> None:
    """Show `source`, with what is mounted below it, at `target` too; `target` is made if needed."""
    if Path(source).is_dir():
        Path(target).mkdir(parents=True, exist_ok=True)
    elif not Path(target).exists():
        Path(target).parent.mkdir(parents=True, exist_ok=True)
        Path(target).touch()
    mount(source, target, flags=BIND | RECURSIVE)


def detach(target: AnyPath) -> None:
    """Unmount `target` and all below it, at once for names, later for who still uses it."""
    if _LIBC.umount2(os.fsencode(target), _DETACH) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"umount: {os.strerror(number)}", str(target))


def unshare(flags: int) -> None:
    """Give the calling process namespaces of its own (unshare(2)); raises `OSError`."""
    if _LIBC.unshare(flags) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"unshare: {os.strerror(number)}")


def adopt_orphans() -> None:
    """Become the parent of descendants whose parents end (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def mountpoints_below(folder: AnyPath) -> list[str]:
    """Give the mount points below `folder`, in the order of mounting; later ones may hide earlier."""
    return [path for path, _ in _mounts() if path.startswith(f"{str(folder).rstrip('/')}/")]


def kinds_at(target: AnyPath) -> list[str]:
    """Give the types of the file systems mounted at `target`, the one that is seen last."""
    return [kind for path, kind in _mounts() if path == str(target)]


def _mounts() -> list[tuple[str, str]]:
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    halves = (line.partition(" - ") for line in lines)
    return [(_unescape(before.split()[4]), after.split()[0]) for before, _, after in halves]


def overlay_option(name: str, *folders: AnyPath) -> str:
    """Give an option of overlayfs that takes folders, with its special characters escaped."""
    return f"{name}={':'.join(_escape(str(each)) for each in folders)}"


def _escape(path: str) -> str:
    return "".join(f"\\{each}" if each in "\\,:" else each for each in path)


def _unescape(path: str) -> str:
    return path.encode().decode("unicode_escape") if "\\" in path else path
