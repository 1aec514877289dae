"""Puts a node's files where programs look for them, in the mount namespace of this process."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from drawplate.emulators.delivery.covering import add_files, cover, cover_entries, staging
from drawplate.emulators.delivery.mounting import RECURSIVE, SLAVE, bind, mount
from drawplate.emulators.places import ROOT

_VIEW: Mapping[str, Any] = yaml.safe_load(
    Path(__file__).with_suffix(".yaml").read_text(encoding="utf-8")
)


@dataclass(frozen=True, slots=True)
class Missing:
    """Something of the node that could not be put into place, and why."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class Addition:
    """Files to add to the folder `to`, which the machine has; they lie in `files`."""

    files: Path
    to: Path


def isolate() -> None:
    """Keep from the machine what is mounted here from now on, but not what it mounts from here."""
    mount("", "/", flags=SLAVE | RECURSIVE)


def arrange(folder: Path) -> list[Missing]:
    """Show what a node has in its `folder` at its places; give what could not be shown.

    Must be called in a mount namespace of the caller's own. Nothing is written to the machine's
    folders, and those that get files cannot be written to any more.
    """
    root = folder / ROOT
    missing: list[Missing] = []
    with staging(folder) as stage:
        for place in _VIEW["covered"]:
            source = folder / place["from"]
            if not _entries(source):
                missing.append(Missing(place["at"], "the node does not have it"))
            else:
                cover_tree(place["at"], source, place["keep"], stage)
        for addition in additions(root):
            try:
                add_files(addition.to, addition.files, stage)
            except OSError as error:
                missing.append(Missing(str(addition.to), error.strerror or str(error)))
    for source, target in bound(root):
        if target.exists():
            bind(source, target)
        else:
            missing.append(Missing(str(target), "this kernel has no entry to put it on"))
    return missing


def cover_tree(at: str, source: Path, keep: Iterable[str], stage: Path) -> None:
    """Show a tree at `at`, but for the entries `keep`; plain files show what they cover as well."""
    if not source.is_mount():
        add_files(at, source, stage, keep)
    elif keep:
        cover_entries(at, source, keep, stage)
    else:
        cover(at, source, stage)


def bound(root: Path) -> Iterator[tuple[Path, Path]]:
    """Give the entries of `root` that are put onto the kernel's one by one, and their places."""
    for name, path in _VIEW["bound"].items():
        for entry in _entries(root / name):
            yield entry, Path(path, entry.name)


def additions(root: Path) -> list[Addition]:
    """Give the outermost folders of `root` that the machine has, and which get files from it."""
    found: dict[Path, Path] = {}
    for top in _entries(root):
        if top.name in _VIEW["trees"] or not top.is_dir():
            continue
        for file in files_below(top):
            path = Path("/", file.relative_to(root))
            if str(path) in _VIEW["not_added"] and path.exists():
                continue
            folder = path.parent
            while not folder.is_dir():
                folder = folder.parent
            found[folder] = root / folder.relative_to("/")
    outer = [each for each in found if not any(other in each.parents for other in found)]
    return [Addition(found[each], each) for each in outer]


def files_below(folder: Path) -> Iterator[Path]:
    """Give the files and links below a folder."""
    for path in sorted(folder.rglob("*")):
        if path.is_symlink() or path.is_file():
            yield path


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []
