"""Shows one folder in the place of another in this mount namespace, and keeps what lies below it."""

import os
import tempfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from drawplate.emulators.delivery.mounting import (
    BIND,
    PRIVATE,
    READ_ONLY,
    RECURSIVE,
    REMOUNT,
    AnyPath,
    bind,
    detach,
    mount,
    mountpoints_below,
    overlay_option,
)


def cover(target: AnyPath, source: AnyPath, stage: Path) -> None:
    """Show `source` at `target`; what is mounted below `target` stays mounted there.

    `stage` is a folder of this namespace alone where mounts are kept meanwhile. A mount for which
    `source` has no folder is lost from view.
    """
    with _kept(target, stage, ()):
        mount(source, target, flags=BIND | RECURSIVE)
        mount("", target, flags=PRIVATE)


def cover_entries(target: AnyPath, source: AnyPath, keep: Iterable[str], stage: Path) -> None:
    """Show every folder of `source` in `target`, each by itself; those of `keep` stay as they are.

    So the way to what is kept does not lead through `source`, which may be slow, or die.
    """
    whole = Path(tempfile.mkdtemp(dir=stage))
    mount("drawplate", whole, "tmpfs", data="mode=755")
    kept = [f"{target}/{name}" for name in keep if Path(target, name).is_dir()]
    # An entry that is a mount itself is what another node shows there.
    others = {point for point in mountpoints_below(target) if Path(point).parent == Path(target)}
    with _kept(target, stage, kept, without=others):
        for entry in sorted({*(each.name for each in Path(source).iterdir()), *keep}):
            (whole / entry).mkdir()
            if f"{target}/{entry}" not in kept:
                mount(Path(source, entry), whole / entry, flags=BIND | RECURSIVE)
        mount("", whole, flags=REMOUNT | BIND | READ_ONLY)
        mount(whole, target, flags=BIND | RECURSIVE)
        mount("", target, flags=PRIVATE | RECURSIVE)


def add_files(target: AnyPath, additions: AnyPath, stage: Path, keep: Iterable[str] = ()) -> None:
    """Show the files of `additions` in `target` as well, which can be written to no more.

    What is mounted below `target`, and its entries `keep`, stay as they are. A write would go to a place that vanishes, which is worse than an error.
    Raises `OSError` where there is no overlay file system.
    """
    lowers = overlay_option("lowerdir", additions, target)
    with _kept(target, stage, (f"{target}/{name}" for name in keep)):
        mount("drawplate", target, "overlay", data=lowers)


@contextmanager
def staging(folder: Path) -> Iterator[Path]:
    """Give a folder for mounts of the meantime, below `folder`, for as long as the body runs."""
    stage = Path(tempfile.mkdtemp(prefix=".stage-", dir=folder))
    mount("drawplate", stage, "tmpfs", data="mode=700")
    mount("", stage, flags=PRIVATE)
    try:
        yield stage
    finally:
        # What is unmounted here stays mounted in the places that it was taken from.
        mount("", stage, flags=PRIVATE | RECURSIVE)
        detach(stage)
        stage.rmdir()


@contextmanager
def _kept(
    target: AnyPath, stage: Path, keep: Iterable[str], without: Collection[str] = ()
) -> Iterator[None]:
    aside = Path(tempfile.mkdtemp(dir=stage))
    mounted = (point for point in mountpoints_below(target) if point not in without)
    wanted = [*_outermost([*keep, *mounted])]
    for number, path in enumerate(wanted):
        bind(path, aside / str(number))
        # Else unmounting the one would unmount the other.
        mount("", aside / str(number), flags=PRIVATE | RECURSIVE)
    yield
    for number, path in enumerate(wanted):
        if os.path.lexists(path):
            mount(aside / str(number), path, flags=BIND | RECURSIVE)


def _outermost(paths: Iterable[str]) -> Iterator[str]:
    """Leave out what lies below another, since that brings it along, and what is not there."""
    found: list[str] = []
    for path in sorted(set(paths)):
        inside = any(path.startswith(f"{each}/") for each in found)
        if not inside and os.path.lexists(path):
            found.append(path)
            yield path
