"""Keeps two instances of the driver from working on one node's state at once."""

import fcntl
import os
import signal
from pathlib import Path
from types import FrameType
from typing import TextIO

from drawplate.emulators.problems import SetupProblem

# A predecessor that got SIGTERM has at most this long to finish its calls.
HANDOVER_SECONDS = 10.0


class _Waited(Exception):
    pass


def hold(path: Path, seconds: float = HANDOVER_SECONDS) -> TextIO:
    """Lock `path` until the returned file is closed or the process ends, however it ends.

    Waits up to `seconds` for a predecessor; main thread only, as it uses SIGALRM.
    Raises SetupProblem when the other instance stays, or the folder cannot be used.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = path.open("a+", encoding="ascii")
    except OSError as error:
        raise SetupProblem(
            f"cannot use the state folder: {error.strerror}",
            where=str(path.parent),
            cure="give a writable --state-dir that outlives reboots",
        ) from None
    try:
        _wait_for(file, seconds)
    except _Waited:
        file.seek(0)
        other = file.read().strip() or "unknown"
        file.close()
        raise SetupProblem(
            f"another instance of this driver is running (process {other})",
            where=str(path),
            cure="stop it first, or give this one another --driver-name and --state-dir",
        ) from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _wait_for(file: TextIO, seconds: float) -> None:
    def give_up(_number: int, _frame: FrameType | None) -> None:
        raise _Waited

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
