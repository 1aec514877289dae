"""A virtual file tree, as sysfs, /proc/driver or /dev would be: built from the state, read live.

Contributions fill a Tree. It is built anew for every structural change and then never changes, so
readers need no lock; the contents are functions that look at the state when someone reads.

What the kernel does by itself, the tree does too: a folder with a `uevent` file is a kobject, so
hot-plug messages follow from it when it comes and goes, or when its `driver` link does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from drawplate.emulators.problems import SuiteError

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State

Text = str | bytes
Content = Text | Callable[[], Text]
Write = Callable[[str], None]

# What stat shows for an attribute of sysfs, and the most that one write may have: a page.
PAGE = 4096

_READABLE, _SETTABLE = 0o444, 0o644


@dataclass(frozen=True, slots=True)
class File:
    """A file whose content is made when it is read.

    `size` is what stat shows; None leaves it to the mount (sysfs 4096, procfs 0). A `binary` file
    is read in place, piece by piece, and written by offset; other files are shown once per open.
    """

    content: Content
    write: Write | None = None
    mode: int = _READABLE
    size: int | None = None
    binary: bool = False
    write_at: Callable[[int, bytes], None] | None = None

    def read(self) -> bytes:
        """Give the content as it is now. Raises Refused where hardware or kernel would."""
        now = self.content() if callable(self.content) else self.content
        return now.encode() if isinstance(now, str) else now


@dataclass(frozen=True, slots=True)
class Link:
    """A symbolic link; `target` is relative to the link's folder."""

    target: str


@dataclass(frozen=True, slots=True)
class DeviceNode:
    """A character or block device with its numbers."""

    major: int
    minor: int
    mode: int = 0o666
    block: bool = False


@dataclass(frozen=True, slots=True)
class Hidden:
    """A name that the lower folder has, and that must not show."""


@dataclass(slots=True)
class Folder:
    """A folder. Where a mount has a lower tree, names that are not here come from there.

    `lower` is the path in the lower tree; empty means the path of the folder itself. A `closed`
    folder shows nothing of the lower tree.
    """

    entries: dict[str, "Entry"] = field(default_factory=dict)
    lower: str = ""
    closed: bool = False


Entry = File | Link | DeviceNode | Hidden | Folder


class Tree:
    """A file tree below one mount point; paths are absolute within it ("/bus/pci/devices")."""

    def __init__(self) -> None:
        """Make an empty tree."""
        self.root = Folder()
        # Which device a path and all below it belong to; rules for one device go by this.
        self.owners: dict[str, str] = {}
        # Paths that show only while the lower tree has another path.
        self.conditions: dict[str, str] = {}
        self._links: dict[str, list[str]] = {}

    def file(
        self,
        path: str,
        content: Content,
        *,
        write: Write | None = None,
        mode: int | None = None,
        size: int | None = None,
    ) -> None:
        """Put a file; `content` may be a function, called when someone reads.

        `write` gets the text as it was written, which may end in a newline or a NUL. Both may
        raise Refused, which the caller sees as the errno of its reason.
        """
        default = _READABLE if write is None else _SETTABLE
        self._put(path, File(content, write, default if mode is None else mode, size))

    def binary(
        self,
        path: str,
        content: Content,
        *,
        size: int,
        write_at: Callable[[int, bytes], None] | None = None,
        mode: int | None = None,
    ) -> None:
        """Put a file of bytes, such as `config`, that is read and written at offsets."""
        default = _READABLE if write_at is None else _SETTABLE
        self._put(
            path,
            File(
                content,
                mode=default if mode is None else mode,
                size=size,
                binary=True,
                write_at=write_at,
            ),
        )

    def link(self, path: str, target: str) -> None:
        """Put a link to another path of this tree, relative as the kernel writes it.

        A `target` that does not begin with "/" is taken as it is.
        """
        if target.startswith("/"):
            self._links.setdefault(_clean(target), []).append(_clean(path))
            target = _relative(target, _parts(path)[:-1])
        self._put(path, Link(target))

    def device(
        self, path: str, major: int, minor: int, mode: int = 0o666, *, block: bool = False
    ) -> None:
        """Put a device node."""
        self._put(path, DeviceNode(major, minor, mode, block))

    def folder(self, path: str, *, lower: str | None = None, closed: bool | None = None) -> None:
        """Make a folder and those above it.

        `lower` takes what the folder does not have itself from that path of the lower tree, such
        as the files of a real interface; `closed` takes nothing from there.
        """
        folder = self._folder(_parts(path))
        if lower is not None:
            folder.lower = lower
        if closed is not None:
            folder.closed = closed

    def hide(self, path: str) -> None:
        """Hide what the lower tree has at `path`."""
        self._put(path, Hidden())

    def only_with(self, path: str, lower: str) -> None:
        """Show `path` only while the mount's lower tree has `lower`; always, if there is none.

        So an entry of class/net goes with its interface when that moves to another namespace.
        """
        self.conditions[_clean(path)] = lower

    def belongs(self, path: str, device: str) -> None:
        """Say that `path` and all below it are of the device of that name."""
        self.owners[_clean(path)] = device

    def owner(self, path: str) -> str | None:
        """Give the name of the device that a path belongs to."""
        path = _clean(path)
        while path and path not in self.owners:
            path = path.rpartition("/")[0]
        return self.owners.get(path)

    def names_of(self, path: str) -> list[str]:
        """Give the path itself, then those that lead there through one link of the tree."""
        names, rest, above = [path], "", path
        while above:
            names += [link + rest for link in self._links.get(above, ())]
            above, _, name = above.rpartition("/")
            rest = f"/{name}{rest}"
        return names

    def find(self, path: str) -> Entry | None:
        """Give what is at the path; links are not followed."""
        entry: Entry = self.root
        for name in _parts(path):
            found = entry.entries.get(name) if isinstance(entry, Folder) else None
            if found is None:
                return None
            entry = found
        return entry

    def walk(self) -> Iterator[tuple[str, Entry]]:
        """Give every path with what is there, folders before what is in them."""
        waiting: list[tuple[str, Entry]] = [("", self.root)]
        while waiting:
            path, entry = waiting.pop()
            if path:
                yield path, entry
            if isinstance(entry, Folder):
                waiting.extend((f"{path}/{name}", it) for name, it in entry.entries.items())

    def _put(self, path: str, entry: Entry) -> None:
        *above, name = _parts(path)
        folder = self._folder(above)
        if isinstance(folder.entries.get(name), Folder):
            raise SuiteError(f"{path} is a folder already")
        folder.entries[name] = entry

    def _folder(self, names: list[str]) -> Folder:
        folder = self.root
        for name in names:
            entry = folder.entries.setdefault(name, Folder())
            if not isinstance(entry, Folder):
                raise SuiteError(f"{name} of {'/'.join(names)} is not a folder")
            folder = entry
        return folder


class Contributor(Protocol):
    """A module that builds one part of a tree."""

    # Keys of the state besides plugging that make the tree differ in more than contents.
    STRUCTURE: frozenset[str]

    def contribute(self, state: "State", tree: Tree) -> None:
        """Put this part into the tree."""


def _relative(target: str, folder: list[str]) -> str:
    """Give the way to `target` by its name, up to its folder and down again.

    So a link to a folder above ends in that folder's name (Linux fs/kernfs/symlink.c), which is
    how programs learn the address from a `device` link.
    """
    names, shared = _parts(target), 0
    for one, other in zip(names[:-1], folder, strict=False):
        if one != other:
            break
        shared += 1
    return "/".join([*[".."] * (len(folder) - shared), *names[shared:]])


def _parts(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def _clean(path: str) -> str:
    return "/" + "/".join(_parts(path))
