"""Who owns cables: a lock that each node's process holds for as long as it lives."""

import fcntl
import os
import time
from pathlib import Path

from drawplate.emulators.problems import SetupProblem

# How long a process of the same node may take to end after it was killed. Seconds.
_PATIENCE, _PAUSE = 10.0, 0.05


def claim_file(place: Path, owner: str) -> Path:
    """Give the file whose lock the owner of cables at `place` holds."""
    return place.with_name(f"{place.name}.owner-{owner}")


def claim_files(place: Path) -> dict[str, Path]:
    """Give the files of all owners, dead or alive, by owner."""
    found = place.parent.glob(f"{place.name}.owner-*")
    return {file.name.rpartition("-")[2]: file for file in found}


def claim(file: Path) -> int:
    """Hold the owner's lock. Raises SetupProblem while another process of the node lives."""
    end = time.monotonic() + _PATIENCE
    while True:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if _try_lock(descriptor) and _is_same(descriptor, file):
            return descriptor
        os.close(descriptor)
        if time.monotonic() > end:
            raise SetupProblem(
                "another process shows the cards of this node",
                where=str(file),
                cure="stop it first: `drawplate hw down`",
            )
        time.sleep(_PAUSE)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _is_same(descriptor: int, file: Path) -> bool:
    """Tell whether the file was not removed, and made anew, since it was opened."""
    try:
        return os.path.samestat(os.fstat(descriptor), file.stat())
    except FileNotFoundError:
        return False


def is_dead(file: Path) -> bool:
    """Tell whether the owner's process has ended without an end of its cables."""
    descriptor = os.open(file, os.O_RDWR | os.O_CLOEXEC)
    try:
        return _try_lock(descriptor)
    finally:
        os.close(descriptor)
