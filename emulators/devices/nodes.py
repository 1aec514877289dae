"""Keeps real device nodes with their true numbers below a folder: the node's own /dev.

Nodes are made under another name and renamed, so nobody sees one half made, and one whose numbers
or mode differ is replaced. Nodes that other programs make meanwhile are left alone, as a driver
makes some itself (IMEX channels); they go when the node stops, or starts anew.
"""

import logging
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.devices.node_plan import NodePlan
from drawplate.emulators.devices.plan import Plan, plan, structure
from drawplate.emulators.problems import SetupProblem

if TYPE_CHECKING:
    from drawplate.emulators.state.change import Changes
    from drawplate.emulators.state.model import State

_log = logging.getLogger(__name__)
_PART = ".part"


class DeviceNodes:
    """The surface that makes and removes the nodes as devices come and go."""

    def __init__(self, folder: Path) -> None:
        """Keep the nodes below `folder`, which may be anywhere but the machine's own /dev."""
        self.name = "devices"
        self.seen = 0
        self.folder = folder
        self._state: State | None = None
        self._made: set[str] = set()

    def start(self, state: "State") -> None:
        """Make what there should be, and remove what an earlier run left.

        Raises SetupProblem when this machine does not let us make device nodes.
        """
        if self.folder.resolve() == Path("/dev"):
            raise SetupProblem(
                "device nodes of emulated hardware do not belong into the machine's own /dev",
                where=str(self.folder),
                cure="choose another folder for the node",
            )
        self._state = state
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if os.statvfs(self.folder).f_flag & os.ST_NODEV:
                _log.warning("%s is mounted nodev: nodes there cannot be opened", self.folder)
            self._made = set(self._all())
            self._make(plan(state))
        except OSError as error:
            raise SetupProblem(
                f"cannot make device nodes: {error.strerror}",
                where=str(self.folder),
                cure="run as root with CAP_MKNOD, or start with `--without devices`",
            ) from None

    def apply(self, changes: "Changes") -> None:
        """Follow a change."""
        if self._state and _matters(changes):
            try:
                self._make(plan(self._state))
            except OSError as error:
                # Whoever waits for this generation waits in vain, which is the truth.
                _log.error("device nodes below %s: %s", self.folder, error)
                return
        self.seen = changes.generation

    def stop(self) -> None:
        """Remove the nodes."""
        if self._state is not None and self.folder.is_dir():
            self._made = set(self._all())
            self._make(Plan())
        self._state = None

    def _make(self, wanted: Plan) -> None:
        shown = {*wanted.nodes, *wanted.links}
        for path in self._made - shown:
            (self.folder / path).unlink(missing_ok=True)
            self._remove_empty_folders(Path(path).parent)
        for path, node in wanted.nodes.items():
            _put_node(self.folder / path, node)
        for path, target in wanted.links.items():
            _put_link(self.folder / path, target)
        self._made = shown

    def _all(self) -> list[str]:
        found = []
        for path in self.folder.rglob("*"):
            mode = path.lstat().st_mode
            ours = stat.S_ISCHR(mode) or stat.S_ISBLK(mode) or path.parent.name == "by-path"
            if ours and not stat.S_ISDIR(mode):
                found.append(path.relative_to(self.folder).as_posix())
        return found

    def _remove_empty_folders(self, path: Path) -> None:
        # Only those that something was taken from: others may be about to be filled.
        while path != Path() and _is_empty_folder(self.folder / path):
            (self.folder / path).rmdir()
            path = path.parent


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _matters(changes: "Changes") -> bool:
    if changes.structural or changes.rules_changed:
        return True
    return any(structure().intersection(values) for values in changes.sets.values())


def _put_node(path: Path, node: NodePlan) -> None:
    kind = stat.S_IFBLK if node.block else stat.S_IFCHR
    rdev = os.makedev(node.major, node.minor)
    try:
        now = path.lstat()
        if now.st_rdev == rdev and now.st_mode == kind | node.mode:
            return
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}{_PART}")
    part.unlink(missing_ok=True)
    os.mknod(part, kind | node.mode, rdev)
    # The umask does not count for device nodes.
    part.chmod(node.mode)
    part.replace(path)


def _put_link(path: Path, target: str) -> None:
    if path.is_symlink() and str(path.readlink()) == target:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}{_PART}")
    part.unlink(missing_ok=True)
    part.symlink_to(target)
    part.replace(path)
