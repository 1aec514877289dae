"""Puts a node's files into a whole node's file system, and takes them away again.

Other than for one command, the places stay writable, and everything can be undone: what was
mounted where is written down in the node's folder.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from drawplate.emulators.delivery.covering import staging
from drawplate.emulators.delivery.mounting import (
    BIND,
    PRIVATE,
    RECURSIVE,
    SHARED,
    detach,
    kinds_at,
    mount,
)
from drawplate.emulators.delivery.uncovering import SYS
from drawplate.emulators.delivery.view import Missing, additions, bound, cover_tree, files_below
from drawplate.emulators.places import ROOT

_RECORD = "placed.json"


def place_all(folder: Path) -> list[Missing]:
    """Show what a node has in its `folder` at its places; give what could not be shown.

    /dev is left out: the nodes of devices are made in it.
    """
    root = folder / ROOT
    entries = list(bound(root))
    missing = [
        Missing(str(target), "this kernel has no entry to put it on")
        for _, target in entries
        if not target.exists()
    ]
    trees = [(source, target) for source, target in entries if target.exists()]
    files = [
        (file, addition.to / file.relative_to(addition.files))
        for addition in additions(root)
        for file in files_below(addition.files)
    ]
    _write(folder, trees=[str(target) for _, target in trees], files=[str(it) for _, it in files])
    for source, target in trees:
        mount(source, target, flags=BIND | RECURSIVE)
    for source, target in files:
        _put(source, target)
    return missing + _cover_sys(folder)


def take_trees_away(folder: Path) -> None:
    """Take away what a process must answer for; libraries go on without it."""
    if kinds_at(SYS)[-1:] in (["tmpfs"], ["overlay"]):
        detach(SYS)
    _detach(_read(folder, "trees"))


def take_away(folder: Path) -> None:
    """Take away everything that was put into place."""
    take_trees_away(folder)
    files = _read(folder, "files")
    _detach(files)
    for file in files:
        Path(file).unlink(missing_ok=True)
    (folder / _RECORD).unlink(missing_ok=True)


def _cover_sys(folder: Path) -> list[Missing]:
    source = folder / ROOT / "sys"
    if not source.is_dir() or not any(source.iterdir()):
        return [Missing(SYS, "the node does not have it")]
    # Else who uncovers it in a copy of this namespace would uncover it here too.
    mount("", SYS, flags=PRIVATE)
    with staging(folder) as stage:
        cover_tree(SYS, source, ("fs",), stage)
    # What is mounted later reaches containers that ask for it, as elsewhere on a node.
    mount("", SYS, flags=SHARED | RECURSIVE)
    return []


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # The machine may have such a file; the node's own comes into its place, in its overlay.
    target.unlink(missing_ok=True)
    if source.is_symlink():
        target.symlink_to(source.readlink())
    else:
        target.touch()
        mount(source, target, flags=BIND | RECURSIVE)


def _detach(targets: Iterable[str]) -> None:
    for target in targets:
        for _ in kinds_at(target):
            with suppress(OSError):
                detach(target)


def _write(folder: Path, **targets: list[str]) -> None:
    (folder / _RECORD).write_text(json.dumps(targets), encoding="utf-8")


def _read(folder: Path, which: str) -> list[str]:
    try:
        found: list[str] = json.loads((folder / _RECORD).read_text(encoding="utf-8"))[which]
    except (FileNotFoundError, ValueError, KeyError):
        return []
    return found
