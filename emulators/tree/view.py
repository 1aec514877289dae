"""What one mount shows: a tree, merged with a lower folder such as the machine's own /sys."""

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.tree.model import DeviceNode, Entry, File, Folder, Hidden, Link, Tree

if TYPE_CHECKING:
    from collections.abc import Callable

_PLAIN_FOLDER = stat.S_IFDIR | 0o755


@dataclass(frozen=True, slots=True)
class Below:
    """Something of the lower tree; `ours` when a folder of the tree asked for it by path."""

    path: str
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Merged:
    """A folder of the tree, with the folder of the lower tree that shows through."""

    folder: Folder
    below: Below | None


Found = File | Link | DeviceNode | Merged | Below


class View:
    """A tree over a lower folder. `tree` is replaced whole; a look-up sees one tree throughout."""

    def __init__(self, tree: Tree, lower: Path | None = None) -> None:
        """Open `lower` now, so that something mounted over it later does not matter.

        Raises OSError when it is not there.
        """
        self.tree = tree
        # What to do when someone writes to the `uevent` of a path.
        self.announce: Callable[[str, str], None] | None = None
        self._lower: int | None = None
        if lower is not None:
            self._lower = os.open(lower, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)

    def close(self) -> None:
        """Let the lower folder go."""
        if self._lower is not None:
            os.close(self._lower)
            self._lower = None

    def find(self, path: str) -> Found | None:
        """Give what is at `path`, without following links; what is `Below` may not exist."""
        tree = self.tree
        folder, below = tree.root, Below(".") if self._lower is not None else None
        names = [name for name in path.split("/") if name]
        for place, name in enumerate(names):
            entry = self._entry(tree, folder, names[: place + 1])
            if entry is None:
                return _beneath(below, names[place:])
            if isinstance(entry, Folder):
                folder, below = entry, self._below(entry, below, name)
                continue
            at_end = place == len(names) - 1
            return entry if at_end and not isinstance(entry, Hidden) else None
        return Merged(folder, below)

    def names(self, path: str) -> dict[str, int]:
        """Give the names in a folder, each with its mode. Raises OSError when it is none."""
        found = self.find(path)
        if isinstance(found, Below):
            return self._names_below(found)
        if not isinstance(found, Merged):
            raise OSError(errno.ENOTDIR if found else errno.ENOENT, path)
        names = self._names_below(found.below, lenient=True) if found.below else {}
        parts = [name for name in path.split("/") if name]
        for name, entry in found.folder.entries.items():
            if isinstance(entry, Hidden):
                names.pop(name, None)
            elif self._entry(self.tree, found.folder, [*parts, name]) is not None:
                names[name] = mode_of(entry)
        return names

    def stat_below(self, below: Below) -> os.stat_result:
        """Give what the lower tree says of a path. Raises OSError."""
        return os.stat(below.path, dir_fd=self._lower, follow_symlinks=False)

    def link_below(self, below: Below) -> str:
        """Give the target of a link of the lower tree. Raises OSError."""
        return os.readlink(below.path, dir_fd=self._lower)

    def open_below(self, below: Below, flags: int) -> int:
        """Open a file of the lower tree. Raises OSError."""
        return os.open(below.path, flags | os.O_CLOEXEC | os.O_NOCTTY, dir_fd=self._lower)

    def _entry(self, tree: Tree, folder: Folder, names: list[str]) -> Entry | None:
        entry = folder.entries.get(names[-1])
        if entry is None or not tree.conditions or self._lower is None:
            return entry
        needed = tree.conditions.get("/" + "/".join(names))
        return entry if needed is None or self._exists_below(needed) else None

    def _below(self, entry: Folder, below: Below | None, name: str) -> Below | None:
        if entry.lower and self._lower is not None:
            return Below(entry.lower.strip("/"), ours=True)
        return None if entry.closed else _beneath(below, [name])

    def _exists_below(self, path: str) -> bool:
        try:
            os.stat(path.strip("/"), dir_fd=self._lower)
        except OSError:
            return False
        return True

    def _names_below(self, below: Below, *, lenient: bool = False) -> dict[str, int]:
        try:
            number = self.open_below(below, os.O_RDONLY | os.O_DIRECTORY)
        except OSError:
            # A folder of the tree that the lower tree does not have is nothing unusual.
            if lenient:
                return {}
            raise
        try:
            with os.scandir(number) as found:
                return {one.name: _type_of(one) for one in found}
        finally:
            os.close(number)


def mode_of(entry: Entry) -> int:
    """Give the type and the permissions that stat shows."""
    match entry:
        case File():
            return stat.S_IFREG | entry.mode
        case Link():
            return stat.S_IFLNK | 0o777
        case DeviceNode():
            return (stat.S_IFBLK if entry.block else stat.S_IFCHR) | entry.mode
        case _:
            return _PLAIN_FOLDER


def _beneath(below: Below | None, names: list[str]) -> Below | None:
    return below and Below("/".join([below.path, *names]), below.ours)


def _type_of(one: "os.DirEntry[str]") -> int:
    if one.is_symlink():
        return stat.S_IFLNK
    return stat.S_IFDIR if one.is_dir(follow_symlinks=False) else stat.S_IFREG
