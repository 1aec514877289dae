"""A tree as plain files and links: each replaced by rename, so that nobody reads half of one."""

import logging
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from drawplate.emulators.refusals import Refused
from drawplate.emulators.tree.model import DeviceNode, Entry, File, Folder, Link, Tree

_log = logging.getLogger(__name__)

# Regions of memory and the like: files that say how big they are, but are never read.
_MOST_BYTES = 1 << 20
_PART = ".part"


class Files:
    """The files below one folder, and what was last written to each."""

    def __init__(self, where: Path) -> None:
        """Write below `where`, which need not exist."""
        self._where = where
        self._written: dict[str, bytes] = {}
        self._kinds: dict[str, type[Entry]] | None = None

    def write(self, tree: Tree) -> None:
        """Make the folder show the tree as it is now, and nothing else. Raises OSError."""
        self._where.mkdir(parents=True, exist_ok=True)
        wanted = {path.lstrip("/"): entry for path, entry in tree.walk()}
        kinds = {path: type(entry) for path, entry in wanted.items()}
        if kinds != self._kinds:
            self._remove_others(wanted)
            self._kinds = kinds
        for path, entry in wanted.items():
            now = _told(path, entry)
            if self._written.get(path) != now:
                _put(self._where / path, entry, now)
                self._written[path] = now

    def remove(self) -> None:
        """Remove everything that was written; the folder itself stays."""
        if self._where.is_dir():
            self._remove_others({})

    def _remove_others(self, wanted: dict[str, Entry]) -> None:
        self._written = {path: it for path, it in self._written.items() if path in wanted}
        for folder, folders, names in os.walk(self._where):
            inside = Path(folder).relative_to(self._where)
            for name in [*folders, *names]:
                path, key = Path(folder) / name, (inside / name).as_posix()
                is_folder = path.is_dir() and not path.is_symlink()
                if key in wanted and is_folder == isinstance(wanted[key], Folder):
                    continue
                self._written.pop(key, None)
                if is_folder:
                    shutil.rmtree(path)
                    folders.remove(name)
                else:
                    path.unlink()


def _told(path: str, entry: Entry) -> bytes:
    """Give what tells whether the file is still right: its content, a link's target."""
    match entry:
        case File():
            return _content(path, entry)
        case Folder():
            return b"folder"
        case _:
            return repr(entry).encode()


def _put(path: Path, entry: Entry, content: bytes) -> None:
    match entry:
        case Folder():
            path.mkdir(exist_ok=True)
        case Link(target=target):
            _replace(path, lambda part: part.symlink_to(target))
        case File(mode=mode):
            _replace(path, lambda part: _make_file(part, content, mode | stat.S_IRUSR))
        case DeviceNode():
            _put_node(path, entry)


def _make_file(path: Path, content: bytes, mode: int) -> None:
    path.write_bytes(content)
    path.chmod(mode)


def _content(path: str, file: File) -> bytes:
    if file.size is not None and file.size > _MOST_BYTES:
        return b""
    try:
        return file.read()
    # What hardware refuses to tell cannot be told by a plain file either.
    except Refused as refused:
        _log.debug("%s is empty: %s", path, refused)
    return b""


def _put_node(path: Path, node: DeviceNode) -> None:
    # Without root there are no device nodes.
    if os.geteuid() == 0:
        kind = stat.S_IFBLK if node.block else stat.S_IFCHR
        number = os.makedev(node.major, node.minor)

        def make(part: Path) -> None:
            os.mknod(part, kind | node.mode, number)
            part.chmod(node.mode)

        _replace(path, make)


def _replace(path: Path, make: Callable[[Path], None]) -> None:
    part = path.with_name(f".{path.name}{_PART}")
    part.unlink(missing_ok=True)

    make(part)
    part.replace(path)
