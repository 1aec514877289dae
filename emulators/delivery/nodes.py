"""A whole /dev with the nodes of emulated devices in it, that follows as devices come and go.

`root`/dev of a node has the emulated devices alone. Programs want them beside the machine's own.
"""

import json
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.delivery.mounting import detach, mount, overlay_option

if TYPE_CHECKING:
    from drawplate.emulators.state.change import Changes
    from drawplate.emulators.state.model import State

_log = logging.getLogger(__name__)
_DEV = Path("/dev")
# The folder of a node in which its whole /dev is.
WHOLE_DEV = "dev"


class WholeDev:
    """The surface that copies device nodes and links from one folder into another.

    What it has copied is written down in `record`, so that a process that follows on a killed one
    knows what to take away. What the other folder has of its own is left alone.
    """

    def __init__(self, source: Path, target: Path, record: Path) -> None:
        """Copy from `source` to `target`. A `target` that is not there is made, with a /dev in it."""
        self.name = "delivery"
        self.seen = 0
        self._source = source
        self._target = target
        self._record = record
        self._made = False

    def start(self, state: "State") -> None:  # noqa: ARG002 - all is in the source
        """Copy what there is; where this machine does not let us mount, there is no whole /dev."""
        try:
            if not self._target.exists():
                make_dev(self._target)
                self._made = True
            self._copy(_entries(self._source))
        except OSError as error:
            _log.warning("there is no whole /dev at %s: %s", self._target, error)

    def apply(self, changes: "Changes") -> None:
        """Follow a change; the source has followed it before."""
        self.seen = changes.generation
        if not changes.quiet:
            try:
                self._copy(_entries(self._source))
            except OSError as error:
                _log.error("device nodes in %s: %s", self._target, error)

    def stop(self) -> None:
        """Take away what was copied, and the /dev if it was made."""
        if self._made:
            remove_dev(self._target)
            self._record.unlink(missing_ok=True)
        elif self._target.is_dir():
            self._copy({})

    def _copy(self, wanted: dict[str, os.stat_result]) -> None:
        there = set(self._copied())
        if there != wanted.keys():
            # Written before anything is made: what is in it and does not exist does no harm.
            self._record.write_text(json.dumps(sorted(there | wanted.keys())), encoding="utf-8")
        for path in there - wanted.keys():
            _remove(self._target, path)
        for path, status in wanted.items():
            _put(self._source / path, self._target / path, status)
        self._record.write_text(json.dumps(sorted(wanted)), encoding="utf-8")

    def _copied(self) -> list[str]:
        try:
            found: list[str] = json.loads(self._record.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return []
        return found


def make_dev(target: Path) -> None:
    """Mount at `target` a /dev that shows the machine's and keeps for itself what is made in it.

    It lies on a tmpfs of its own, since the file system around it may not allow device nodes.
    What is mounted below the machine's /dev does not show.
    """
    target.mkdir(parents=True)
    mount("drawplate", target, "tmpfs", data="mode=755")
    upper, work = target / "upper", target / "work"
    for folder in (upper, work):
        folder.mkdir(mode=0o755)
    options = (("lowerdir", _DEV), ("upperdir", upper), ("workdir", work))
    data = ",".join(overlay_option(name, path) for name, path in options)
    mount("drawplate", target, "overlay", data=data)


def remove_dev(target: Path) -> None:
    """Take away what `make_dev` made."""
    for _ in ("the overlay", "the tmpfs"):
        detach(target)
    target.rmdir()


def _entries(folder: Path) -> dict[str, os.stat_result]:
    """Give device nodes and links below a folder, by their paths in it."""
    return {str(path.relative_to(folder)): status for path, status in _walk(folder)}


def _walk(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    for path in sorted(folder.rglob("*")):
        # Names that begin with a dot are half made.
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode) and not path.name.startswith("."):
            yield path, status


def _put(source: Path, target: Path, status: os.stat_result) -> None:
    try:
        now = target.lstat()
        same = (now.st_mode, now.st_rdev) == (status.st_mode, status.st_rdev)
        if same and (not source.is_symlink() or target.readlink() == source.readlink()):
            return
        target.unlink()
    except FileNotFoundError:
        target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_symlink():
        target.symlink_to(source.readlink())
    else:
        os.mknod(target, status.st_mode, status.st_rdev)
        # The umask does not count for device nodes.
        target.chmod(stat.S_IMODE(status.st_mode))


def _remove(folder: Path, path: str) -> None:
    target = folder / path
    target.unlink(missing_ok=True)
    for above in target.relative_to(folder).parents:
        try:
            (folder / above).rmdir()
        except OSError:
            # It has something else in it, or it is the folder itself.
            return
