"""What libfuse does to a whole process: its connections in forked children, and its messages."""

import contextlib
import ctypes
import logging
import os
from pathlib import Path

import mfusepy

_log = logging.getLogger(__name__)

_LIBFUSE = mfusepy._libfuse  # noqa: SLF001 - there is no public name for fuse_set_log_func

_DEVICE = "/dev/fuse"
_OPEN: set[int] = set()

_LogFunction = ctypes.CFUNCTYPE(None, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)


def note() -> None:
    """Remember the connections that are open now, so that children let them go."""
    _OPEN.clear()
    for path in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            if str(path.readlink()) == _DEVICE:
                _OPEN.add(int(path.name))


def _forget() -> None:
    # A child that kept one would keep readers waiting when this process is gone.
    for number in _OPEN:
        with contextlib.suppress(OSError):
            os.close(number)
    _OPEN.clear()


def _write(level: int, message: bytes, _arguments: int) -> None:
    # It complains of several mounts in one process, which is well.
    _log.debug("libfuse, level %d: %s", level, message.decode("utf-8", "replace").strip())


os.register_at_fork(after_in_child=_forget)
if hasattr(_LIBFUSE, "fuse_set_log_func"):
    # libfuse calls it for as long as this process lives.
    _WRITE = _LogFunction(_write)
    _LIBFUSE.fuse_set_log_func(_WRITE)
