"""Who has a node's folder: a lock that ends with whoever holds it, and the removal of folders."""

import fcntl
import os
import shutil
from contextlib import suppress
from pathlib import Path

from drawplate.emulators.delivery.mounting import detach, mountpoints_below
from drawplate.emulators.folders import APP
from drawplate.emulators.places import nodes_folder
from drawplate.emulators.problems import SetupProblem

# In the folders of nodes that are nothing without the command that they were started for.
_PASSING = "passing"


def occupy(folder: Path, *, passing: bool) -> int:
    """Make and lock a node's folder; give the descriptor that is the lock, for its keepers to share.

    A `passing` node's folder is removed by the next start when everybody who held it is gone.
    Raises SetupProblem when somebody has it, or when it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o755)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError as error:
        raise SetupProblem(
            f"the folder of an emulated node cannot be made: {error.strerror}",
            where=str(folder),
            cure="may this user write there? root's nodes are in /run, others' in XDG_RUNTIME_DIR",
        ) from None
    if not _lock(descriptor):
        os.close(descriptor)
        raise SetupProblem(
            f"a node {folder.name!r} is up already",
            where=str(folder),
            cure=f"choose another name, or end it: drawplate hw down {folder.name}",
        )
    if passing:
        (folder / _PASSING).touch()
    return descriptor


def is_occupied(folder: Path) -> bool:
    """Tell whether somebody holds the node's folder."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:
        return False
    try:
        return not _lock(descriptor)
    finally:
        os.close(descriptor)


def is_passing(folder: Path) -> bool:
    """Tell whether a node was started for one command."""
    return (folder / _PASSING).exists()


def sweep() -> list[str]:
    """Remove what killed commands left of their nodes; give the nodes' names."""
    folders = nodes_folder()
    left = [marker.parent for marker in folders.glob(f"*/{_PASSING}")]
    swept = [folder for folder in left if not is_occupied(folder)]
    for folder in swept:
        remove_folder(folder)
    return [folder.name for folder in swept]


def release_mounts(folder: Path) -> None:
    """Take away the mounts below a folder whose keeper was killed."""
    for point in reversed(mountpoints_below(folder)):
        detach(point)


def remove_folder(folder: Path) -> None:
    """Remove a node's folder and the mounts below it. Raises SetupProblem when something stays."""
    try:
        release_mounts(folder)
        if mountpoints_below(folder):
            # Whatever is mounted there is not ours to delete.
            raise SetupProblem("something is mounted in a node's folder", where=str(folder))
        shutil.rmtree(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise SetupProblem(
            f"what a node left cannot be removed: {error.strerror}",
            where=str(error.filename or folder),
            cure="remove it as the user who started the node",
        ) from None
    _remove_empty(folder.parent)


def _remove_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
        # The folder above may be the user's own.
        if folder.parent.name == APP:
            folder.parent.rmdir()


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
