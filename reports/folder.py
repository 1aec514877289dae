"""The report folder: the names of its files, and how they are written without ever being torn."""

import errno
import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from drawplate.emulators.problems import SetupProblem

REPORT = "report.json"
RESULTS = "results.jsonl"
JUNIT = "junit.xml"
PAGE = "report.html"
EVIDENCE = "evidence"

_CURES = {
    errno.ENOSPC: "make room on that file system, or give another folder with --out",
    errno.EDQUOT: "the disk quota is used up: make room, or give another folder with --out",
    errno.EROFS: "that file system is read-only: give another folder with --out",
}
_CURE = "give a folder with --out that you may write to"


def problem(error: OSError, path: Path) -> SetupProblem:
    """Give the problem, with place and cure, for a file that could not be written."""
    reason = os.strerror(error.errno) if error.errno else str(error)
    return SetupProblem(
        f"the report cannot be written: {reason}",
        where=str(error.filename or path),
        cure=_CURES.get(error.errno or 0, _CURE),
    )


def prepare(folder: Path, *, replace: bool) -> tuple[Path, ...]:
    """Make the folder ready for a new report; gives the folders that had to be made for it.

    With `replace`, removes what an earlier report left there, and nothing else. Raises
    SetupProblem when the folder cannot be used, or holds an earlier report all the same, or
    holds files of these names that no report of ours explains.
    """
    earlier = _present(folder)
    if earlier and not (replace and _is_ours(folder / REPORT)):
        raise SetupProblem(
            "the folder holds an earlier report or other files of these names, and evidence must"
            " not be mixed",
            where=str(earlier[0]),
            cure="give another folder with --out, or remove that one",
        )
    made = tuple(path for path in (folder, *folder.parents) if not os.path.lexists(path))
    try:
        _remove(earlier)
        (folder / EVIDENCE).mkdir(parents=True)
    except OSError as error:
        _remove_empty(made)
        raise problem(error, folder) from error
    return made


def withdraw(folder: Path, made: Iterable[Path]) -> None:
    """Remove the report in `folder`, and the folders that were made for it if nothing else is there.

    What cannot be removed stays: whoever withdraws a report has something worse to tell.
    """
    with suppress(OSError):
        _remove(_present(folder))
    _remove_empty(made)


def _present(folder: Path) -> list[Path]:
    places = [folder / name for name in (REPORT, RESULTS, JUNIT, PAGE, EVIDENCE)]
    return [path for path in places if os.path.lexists(path)]


def _remove_empty(folders: Iterable[Path]) -> None:
    with suppress(OSError):
        for folder in folders:
            folder.rmdir()


def _is_ours(path: Path) -> bool:
    """Tell whether the file begins as our reports do: somebody else's must not be removed."""
    try:
        with path.open(encoding="utf-8", errors="replace") as stream:
            return '"format": "drawplate.report/' in stream.read(200)
    except OSError:
        return False


def _remove(paths: Iterable[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def write(path: Path, text: str) -> None:
    """Write a whole file at once: readers and a killed writer leave the old one or the new one.

    Raises SetupProblem when it cannot be written; nothing but the old file is left then.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise problem(error, path) from error


def append(path: Path, line: str) -> None:
    """Add one line to a log, in one write. Raises SetupProblem when that fails."""
    try:
        with path.open("a", encoding="utf-8") as log:
            log.write(line)
    except OSError as error:
        raise problem(error, path) from error


def evidence_files(folder: Path, *places: Path) -> tuple[str, ...]:
    """Give the regular files at and below `places`, as a report names them: relative to `folder`.

    Places outside the folder, links and what is not there are left out.
    """
    root = folder.resolve()
    found: dict[str, None] = {}
    for place in places:
        candidates = sorted(place.rglob("*")) if place.is_dir() else [place]
        for path in candidates:
            if path.is_file() and not path.is_symlink() and path.resolve().is_relative_to(root):
                found[path.resolve().relative_to(root).as_posix()] = None
    return tuple(found)
