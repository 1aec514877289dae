"""Becomes a driver: ties its life to Drawplate's, replaces paths in a mount namespace, executes.

This file is run on its own, by the bare interpreter, so it imports nothing of ours. Its one
argument is a plan in JSON: `argv`, `binds` (pairs of source and fixed path), `parent` (the pid to
die with, 0 for none) and `report` (a descriptor to write a failure to, closed by the execution).
"""

import ctypes
import json
import os
import signal
import stat
import sys
from pathlib import Path

FAILED = 125  # as `env` and `unshare` leave when they fail themselves

# linux/sched.h, linux/mount.h, linux/prctl.h
CLONE_NEWNS = 0x00020000
MS_BIND = 0x1000
MS_REC = 0x4000
MS_SLAVE = 0x80000
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


class LaunchError(Exception):
    """The driver could not be started; `str()` says why."""


def die_with(parent: int) -> None:
    """Have the kernel kill this process when the thread that started it ends."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise LaunchError("Drawplate ended before the driver started")


def replace_paths(binds: list[tuple[str, str]]) -> None:
    """Put each source in the place of its fixed path, visible to this process alone."""
    if _libc.unshare(CLONE_NEWNS):
        raise LaunchError(f"no private mount namespace: {os.strerror(ctypes.get_errno())}")
    _mount("none", Path("/"), MS_REC | MS_SLAVE)
    # Descriptors, because one replacement may cover the source of the next; opened here, because
    # a mount cannot be bound from another namespace.
    sources = [(os.open(source, os.O_PATH), Path(path)) for source, path in binds]
    for source, path in sources:
        # /var/run is a link to /run on most machines; mounts need the folder itself.
        target = path.resolve()
        folder = stat.S_ISDIR(os.fstat(source).st_mode)
        if not target.exists():
            _provide(target, folder=folder)
        if target.is_dir() != folder:
            kind = "a folder" if folder else "a file"
            raise LaunchError(f"{path} cannot be replaced: its replacement is {kind}, it is not")
        _mount(f"/proc/self/fd/{source}", target, MS_BIND | MS_REC)
        os.close(source)


def _provide(target: Path, *, folder: bool) -> None:
    """Make a mount point that the machine lacks, without writing to the machine."""
    ancestor = next(parent for parent in target.parents if parent.exists())
    if ancestor == Path("/"):
        raise LaunchError(f"{target} cannot be provided: its first folder is not on this machine")
    _mirror(ancestor)
    target.parent.mkdir(parents=True, exist_ok=True)
    _make(target, folder=folder)


def _mirror(ancestor: Path) -> None:
    """Cover a folder by an empty one that holds all its entries, so that more can be added."""
    covered = os.open(ancestor, os.O_PATH)
    status = os.fstat(covered)
    options = f"mode={stat.S_IMODE(status.st_mode):o},uid={status.st_uid},gid={status.st_gid}"
    _mount("drawplate", ancestor, 0, kind="tmpfs", options=options)
    for entry in os.scandir(f"/proc/self/fd/{covered}"):
        copy = ancestor / entry.name
        if entry.is_symlink():
            copy.symlink_to(Path(entry.path).readlink())
        else:
            _make(copy, folder=entry.is_dir())
            _mount(entry.path, copy, MS_BIND | MS_REC)
    os.close(covered)


def _make(path: Path, *, folder: bool) -> None:
    path.mkdir() if folder else path.touch()


def _mount(source: str, target: Path, flags: int, *, kind: str = "", options: str = "") -> None:
    words = (source, str(target), kind, options)
    made = [word.encode() or None for word in words]
    if _libc.mount(made[0], made[1], made[2], ctypes.c_ulong(flags), made[3]):
        raise LaunchError(f"cannot mount on {target}: {os.strerror(ctypes.get_errno())}")


def main() -> int:
    """Follow the plan; this returns only when that fails."""
    plan = json.loads(sys.argv[1])
    if plan["report"]:
        # Keyword arguments are not taken here.
        os.set_inheritable(plan["report"], False)  # noqa: FBT003
    try:
        if plan["parent"]:
            die_with(plan["parent"])
        if plan["binds"]:
            replace_paths(plan["binds"])
        # Becoming the driver is what this program is for.
        os.execvp(plan["argv"][0], plan["argv"])  # noqa: S606
    except LaunchError as error:
        failure = str(error)
    except OSError as error:
        failure = f"{error.filename or plan['argv'][0]}: {error.strerror}"
    os.write(plan["report"] or sys.stderr.fileno(), failure.encode())
    return FAILED


if __name__ == "__main__":
    sys.exit(main())
