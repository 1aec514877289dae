"""Open files of a tree, with what the kernel's seq_file and kernfs do between open and close."""

import errno
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from drawplate.emulators.refusals import Refused
from drawplate.emulators.state.change import CallRule
from drawplate.emulators.tree.model import PAGE, File
from drawplate.emulators.tree.rules import READ, WRITE, spoil
from drawplate.emulators.tree.view import Below, View

_log = logging.getLogger(__name__)

_READ_BITS, _WRITE_BITS = 0o444, 0o222
UEVENT = "/uevent"


# Applies the rules to a call on a path: READ or WRITE. Raises OSError.
Meet = Callable[[str, str], CallRule | None]


class Handle(Protocol):
    """An open file."""

    def read(self, size: int, offset: int) -> bytes:
        """Give at most `size` bytes. Raises OSError."""

    def write(self, data: bytes, offset: int) -> int:
        """Take bytes, and tell how many were taken. Raises OSError."""

    def close(self) -> None:
        """Let go."""


@dataclass(slots=True)
class Attribute:
    """An open attribute: shown when read from its start, stored once per write, wherever it is.

    The content is made anew when someone reads from offset 0 and stays the same until then, as
    seq_file has it (Linux fs/seq_file.c, fs/kernfs/file.c).
    """

    path: str
    view: View
    meet: Meet
    _shown: bytes | None = None

    def read(self, size: int, offset: int) -> bytes:
        """Show the attribute. Raises OSError: ENODEV when it went since it was opened."""
        file = self._file()
        if offset == 0 or self._shown is None or file.binary:
            rule = self.meet(self.path, READ)
            with _as_errno(self.path):
                self._shown = spoil(file.read(), rule)
        return self._shown[offset : offset + size]

    def write(self, data: bytes, offset: int) -> int:
        """Store the text, of which the kernel takes a page at most. Raises OSError."""
        file = self._file()
        self.meet(self.path, WRITE)
        taken = data[:PAGE]
        with _as_errno(self.path):
            if self.path.endswith(UEVENT) and self.view.announce is not None:
                self.view.announce(self.path.removesuffix(UEVENT), taken.decode("utf-8", "replace"))
            elif file.write_at is not None:
                file.write_at(offset, taken)
            elif file.write is not None:
                file.write(taken.decode("utf-8", "replace"))
            else:
                raise OSError(errno.EIO, self.path)
        return len(taken)

    def close(self) -> None:
        """Forget what was shown."""
        self._shown = None

    def _file(self) -> File:
        found = self.view.find(self.path)
        if not isinstance(found, File):
            raise OSError(errno.ENODEV, self.path)
        return found


@dataclass(slots=True)
class Passed:
    """An open file of the lower tree."""

    path: str
    number: int
    meet: Meet

    def read(self, size: int, offset: int) -> bytes:
        """Read it. Raises OSError."""
        rule = self.meet(self.path, READ)
        return spoil(os.pread(self.number, size, offset), rule)

    def write(self, data: bytes, offset: int) -> int:
        """Write it. Raises OSError."""
        self.meet(self.path, WRITE)
        return os.pwrite(self.number, data, offset)

    def close(self) -> None:
        """Close it."""
        os.close(self.number)


def open_handle(view: View, path: str, flags: int, meet: Meet) -> Handle:
    """Open what the view has at `path`.

    Raises OSError: EACCES where the mode has no such bit, for root too, as kernfs does; EROFS for
    writes to what is really the machine's.
    """
    found = view.find(path)
    if isinstance(found, File):
        # Every kobject takes the name of an action there, and sends a message.
        mode = found.mode | 0o200 if path.endswith(UEVENT) else found.mode
        _check_mode(path, mode, flags)
        return Attribute(path, view, meet)
    if isinstance(found, Below):
        if flags & os.O_ACCMODE != os.O_RDONLY and not found.ours:
            # A missing file is that first.
            view.stat_below(found)
            raise OSError(errno.EROFS, path)
        kept = flags & (os.O_ACCMODE | os.O_NONBLOCK)
        return Passed(path, view.open_below(found, kept), meet)
    raise OSError(errno.ENOENT if found is None else errno.EISDIR, path)


def _check_mode(path: str, mode: int, flags: int) -> None:
    access = flags & os.O_ACCMODE
    reads, writes = access != os.O_WRONLY, access != os.O_RDONLY
    if (reads and not mode & _READ_BITS) or (writes and not mode & _WRITE_BITS):
        raise OSError(errno.EACCES, path)


@contextmanager
def _as_errno(path: str) -> Iterator[None]:
    try:
        yield
    except Refused as refused:
        raise OSError(refused.reason.errno, str(refused)) from None
    except OSError:
        raise
    # Our own mistake must look like a driver's, not end the whole mount.
    except Exception:  # noqa: BLE001
        _log.exception("the content of %s cannot be made", path)
        raise OSError(errno.EIO, path) from None
