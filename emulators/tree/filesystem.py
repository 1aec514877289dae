"""The operations of a FUSE mount over a view; refuses what sysfs refuses."""
# libfuse decides which arguments there are; not every operation needs them all.
# ruff: noqa: ARG002

import errno
import itertools
import os
import stat
import time
from collections.abc import Callable
from typing import Any

import mfusepy

from drawplate.emulators.state.change import CallRule
from drawplate.emulators.tree.handles import Handle, open_handle
from drawplate.emulators.tree.model import PAGE, DeviceNode, File, Folder, Link
from drawplate.emulators.tree.rules import READ, CallRules
from drawplate.emulators.tree.view import Below, Found, Merged, View, mode_of

# mfusepy has no name of its own for these two calls of libfuse.
_LIBRARY = mfusepy._libfuse  # noqa: SLF001


def _refuse(number: int) -> Callable[..., int]:
    def refuse(*_arguments: object) -> int:
        raise OSError(number, os.strerror(number))

    return refuse


class FileSystem(mfusepy.Operations):  # type: ignore[misc]  # it has no types
    """What the kernel asks of one mount. Every method may raise OSError."""

    # Times in nanoseconds; mfusepy warns otherwise.
    use_ns = True

    def __init__(self, view: View, rules: CallRules, *, file_size: int = PAGE) -> None:
        """Show `view`; files without a size of their own are `file_size` bytes in stat."""
        self._view = view
        self._rules = rules
        self._file_size = file_size
        self._handles: dict[int, Handle] = {}
        self._numbers = itertools.count(1)
        self.session: int | None = None
        now = time.time_ns()
        # Whoever shows the hardware is its root; for others the modes count.
        self._common = {
            **dict.fromkeys(("st_atime", "st_mtime", "st_ctime"), now),
            "st_uid": os.geteuid(),
            "st_gid": os.getegid(),
        }

    def init(self, path: str) -> None:
        """Keep the session, by which the mount ends."""
        self.session = _LIBRARY.fuse_get_context().contents.fuse

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        """Stat, without following a link."""
        if fh is None and path != "/" and self._absent(path):
            raise OSError(errno.ENOENT, path)
        found = self._find(path)
        if isinstance(found, Below):
            real = self._view.stat_below(found)
            names = ("st_mode", "st_nlink", "st_size", "st_uid", "st_gid", "st_rdev")
            return {name: getattr(real, name) for name in names}
        entry = found.folder if isinstance(found, Merged) else found
        return {
            "st_mode": mode_of(entry),
            "st_nlink": 2 if isinstance(entry, Folder) else 1,
            "st_size": self._size(entry),
            "st_rdev": _device_number(entry),
            **self._common,
        }

    def readlink(self, path: str) -> str:
        """Give the target of a link."""
        found = self._find(path)
        self._meet(path)
        if isinstance(found, Below):
            return self._view.link_below(found)
        if not isinstance(found, Link):
            raise OSError(errno.EINVAL, path)
        return found.target

    def readdir(self, path: str, fh: int) -> list[tuple[str, int, int]]:
        """List a folder."""
        self._meet(path)
        own = [(".", stat.S_IFDIR, 0), ("..", stat.S_IFDIR, 0)]
        return own + [(name, mode, 0) for name, mode in sorted(self._view.names(path).items())]

    def open(self, path: str, flags: int) -> int:
        """Open a file."""
        number = next(self._numbers)
        self._handles[number] = open_handle(self._view, path, flags, self._meet)
        return number

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        """Read from an open file."""
        return self._handles[fh].read(size, offset)

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        """Write to an open file."""
        return self._handles[fh].write(data, offset)

    def release(self, path: str, fh: int) -> int:
        """Close an open file."""
        handle = self._handles.pop(fh, None)
        if handle is not None:
            handle.close()
        return 0

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        """Do nothing, as kernfs does; a write stores the whole value anyway."""
        found = self._find(path)
        if isinstance(found, Below) and not found.ours:
            raise OSError(errno.EROFS, path)
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        """Accept times, which nothing keeps."""
        self._find(path)
        return 0

    # sysfs has only what the kernel makes (Linux fs/kernfs/dir.c), and modes follow from that.
    create = _refuse(errno.EACCES)
    mkdir = mknod = rmdir = unlink = _refuse(errno.EPERM)
    link = rename = symlink = _refuse(errno.EPERM)
    chmod = chown = _refuse(errno.EPERM)

    def statfs(self, path: str) -> dict[str, int]:
        """Give the numbers of a file system without blocks."""
        return {"f_bsize": PAGE, "f_frsize": PAGE, "f_namemax": 255}

    def _find(self, path: str) -> Found:
        found = self._view.find(path)
        if found is None:
            raise OSError(errno.ENOENT, path)
        return found

    def _absent(self, path: str) -> bool:
        return self._rules.some() and self._rules.absent(self._view.tree, path, _caller())

    def _meet(self, path: str, call: str = READ) -> CallRule | None:
        if not self._rules.some():
            return None
        return self._rules.meet(self._view.tree, path, _caller(), _interrupted, call)

    def _size(self, entry: object) -> int:
        match entry:
            case File(size=size):
                return self._file_size if size is None else size
            case Link(target=target):
                return len(target)
            case _:
                return 0


def _device_number(entry: object) -> int:
    return os.makedev(entry.major, entry.minor) if isinstance(entry, DeviceNode) else 0


def _caller() -> int:
    return int(_LIBRARY.fuse_get_context().contents.pid)


def _interrupted() -> bool:
    return bool(_LIBRARY.fuse_interrupted())
