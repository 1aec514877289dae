"""A FUSE mount of a view, from start to end, in threads of this process."""

import contextlib
import ctypes
import errno
import logging
import os
import shutil
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

import mfusepy

from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.tree import connections
from drawplate.emulators.tree.filesystem import FileSystem

_log = logging.getLogger(__name__)

_LIBC = ctypes.CDLL(None, use_errno=True)
_LIBFUSE = mfusepy._libfuse  # noqa: SLF001 - there is no public name for fuse_exit from outside

_CLONE_FS = 0x200
_MNT_DETACH = 2
_CAP_SYS_ADMIN = 21

# Calls may wait (a rule's delay, a slow write); beside them there must be threads for others.
_THREADS, _IDLE_THREADS = 64, 8
_FIRST_WITH_MAX_THREADS = (3, 12)

# Mounting takes milliseconds. Seconds.
_PATIENCE = 30.0


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether this machine can mount FUSE, and why not."""

    usable: bool
    reason: str = ""


def availability() -> Availability:
    """Tell whether FUSE can be used here."""
    try:
        os.close(os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        return Availability(usable=False, reason=f"/dev/fuse: {error.strerror}")
    if os.geteuid() == 0 and not _may_mount():
        return Availability(usable=False, reason="no CAP_SYS_ADMIN")
    if os.geteuid() != 0 and shutil.which("fusermount3") is None:
        return Availability(usable=False, reason="no fusermount3")
    return Availability(usable=True)


def _may_mount() -> bool:
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name == "CapEff":
            return bool(int(value, 16) >> _CAP_SYS_ADMIN & 1)
    return True


class Mount:
    """One mount. Reads are answered by threads of libfuse, which need nothing but the GIL."""

    def __init__(self, where: Path, filesystem: FileSystem, name: str) -> None:
        """Prepare a mount at `where`; `name` is the source that /proc/mounts shows."""
        self._where = where
        self._filesystem = filesystem
        self._name = name
        self._thread: threading.Thread | None = None
        self._root: int | None = None
        self._error: BaseException | None = None

    def start(self) -> None:
        """Mount, and return when it answers. Raises SetupProblem."""
        clear(self._where)
        self._where.mkdir(parents=True, exist_ok=True)
        device = self._where.stat().st_dev
        self._thread = threading.Thread(target=self._serve, name=f"fuse {self._name}", daemon=True)
        self._thread.start()
        self._await(device)
        _keep_signals()
        connections.note()
        self._root = os.open(self._where, os.O_PATH | os.O_CLOEXEC)

    def stop(self) -> None:
        """Unmount; whoever still has a file open gets ENOTCONN."""
        session, thread = self._filesystem.session, self._thread
        if thread is not None and thread.is_alive() and session is not None:
            _LIBFUSE.fuse_exit(ctypes.c_void_p(session))
            self._wake()
            thread.join(_PATIENCE)
            if thread.is_alive():
                _log.warning("the mount at %s does not end; it is detached", self._where)
                unmount(self._where)
        if self._root is not None:
            os.close(self._root)
            self._root = None
        self._thread = None
        clear(self._where)

    def _serve(self) -> None:
        # libfuse changes the working folder; that is to be this thread's affair only.
        _LIBC.unshare(_CLONE_FS)
        try:
            mfusepy.FUSE(self._filesystem, str(self._where), foreground=True, **self._options())
        except BaseException as error:  # noqa: BLE001 - told to the thread that waits
            self._error = error

    def _options(self) -> dict[str, object]:
        options: dict[str, object] = {
            "fsname": self._name,
            "subtype": "drawplate",
            "direct_io": True,
            "default_permissions": True,
            "attr_timeout": 0,
            "entry_timeout": 0,
            "negative_timeout": 0,
        }
        if os.geteuid() == 0:
            options |= {"allow_other": True, "dev": True}
        if (mfusepy.fuse_version_major, mfusepy.fuse_version_minor) >= _FIRST_WITH_MAX_THREADS:
            # Without the second, libfuse complains of its own default.
            options |= {"max_threads": _THREADS, "max_idle_threads": _IDLE_THREADS}
        return options

    def _await(self, device: int) -> None:
        thread = self._thread
        for _ in range(int(_PATIENCE / 0.01)):
            if thread is None or not thread.is_alive():
                break
            with contextlib.suppress(OSError):
                if self._filesystem.session and self._where.stat().st_dev != device:
                    return
            thread.join(0.01)
        raise SetupProblem(
            f"cannot mount an emulated file tree: {self._error or 'no answer'}",
            where=str(self._where),
            cure="allow FUSE here (/dev/fuse, CAP_SYS_ADMIN or fusermount3), or start without `fuse`",
        )

    def _wake(self) -> None:
        # The loop looks whether it is to end only when a request came.
        with contextlib.suppress(OSError):
            os.statvfs(self._where if self._root is None else self._root)


def clear(where: Path) -> None:
    """Take away what a process that died has left mounted at `where`."""
    while _is_dead(where) and unmount(where):
        _log.info("took away a dead mount at %s", where)


def unmount(where: Path) -> bool:
    """Detach the uppermost mount at `where`; tell whether there was one."""
    if _LIBC.umount2(os.fsencode(where), _MNT_DETACH) == 0:
        return True
    if ctypes.get_errno() in {errno.EINVAL, errno.ENOENT}:
        return False
    return subprocess.run(["fusermount3", "-uzq", "--", where], check=False).returncode == 0


def _is_dead(where: Path) -> bool:
    try:
        where.stat()
    except OSError as error:
        return error.errno in {errno.ENOTCONN, errno.ECONNABORTED}
    return False


def _keep_signals() -> None:
    """Put back what Python believes of the signals that libfuse takes where they have no handler.

    Only the main thread may; elsewhere SIGTERM ends the mounts in place of the process.
    """
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGTERM, signal.SIGHUP):
            handler = signal.getsignal(number)
            if handler in {signal.SIG_DFL, signal.SIG_IGN}:
                signal.signal(number, handler)
