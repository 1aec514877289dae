"""Evidence on the page: short, readable excerpts of the files that a result names."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from drawplate.reports.html.calls import CallRow, call_rows
from drawplate.reports.html.documents import beginning, end, pretty
from drawplate.reports.model import RequirementResult

# Bounds of one page: what is left out is still in the evidence folder.
_PAGE_CHARACTERS = 2_000_000
_FILE_BYTES = 512 * 1024
_CALLS_BYTES = 8 * 1024 * 1024
_FILES_SHOWN = 8

_CITATION = re.compile(r"([\w./@+-]+\.\w+):(\d{1,7}(?:[,-]\d{1,7})*)")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A part of one evidence file: rows of calls, or text; `note` says which part it is."""

    path: str
    href: str
    note: str
    text: str = ""
    calls: tuple[CallRow, ...] = ()
    cited: bool = False

    @property
    def size(self) -> int:
        """Give how much of the page the excerpt takes, in characters."""
        return len(self.text) + sum(row.size for row in self.calls)


class Excerpts:
    """Takes excerpts from the evidence below one report folder, up to a bound for the page."""

    def __init__(self, folder: Path, *, characters: int = _PAGE_CHARACTERS) -> None:
        """Take from `folder`, no more than `characters` in all."""
        self._folder = folder.resolve()
        self._left = characters

    def of(self, entry: RequirementResult) -> tuple[Excerpt, ...]:
        """Give an excerpt of each file of the result, those that its failures cite first."""
        cited = _citations(entry)
        lines = {path: _lines_of(path, cited) for path in entry.evidence}
        ordered = sorted(entry.evidence, key=lambda path: not lines[path])
        return tuple(
            self._excerpt(path, lines[path], shown=place < _FILES_SHOWN)
            for place, path in enumerate(ordered)
        )

    def _excerpt(self, path: str, lines: Sequence[int], *, shown: bool) -> Excerpt:
        href = quote(path)
        if not shown or self._left <= 0:
            return Excerpt(path, href, "not shown here")
        try:
            excerpt = self._read(path, href, lines)
        except OSError as error:
            return Excerpt(path, href, f"cannot be read: {error.strerror or error}")
        self._left -= excerpt.size
        return excerpt

    def _read(self, path: str, href: str, lines: Sequence[int]) -> Excerpt:
        file = (self._folder / path).resolve()
        if not file.is_relative_to(self._folder) or not file.is_file():
            return Excerpt(path, href, "missing from the report's folder")
        is_log, is_lines = file.suffix == ".log", file.suffix == ".jsonl"
        data, size = _bytes(file, _CALLS_BYTES if is_lines else _FILE_BYTES, from_end=is_log)
        if b"\0" in data:
            return Excerpt(path, href, f"binary, {size} bytes")
        text = data.decode("utf-8", "replace")
        if is_lines and (rows := call_rows(text, lines)):
            total = text.rstrip("\n").count("\n") + 1
            note = f"{len(rows)} of {total} calls" if len(rows) < total else f"{total} calls"
            return Excerpt(path, href, note, calls=rows, cited=bool(lines))
        cut = end(text) if is_log else beginning(pretty(text) if file.suffix == ".json" else text)
        return Excerpt(path, href, cut.note, text=cut.text, cited=bool(lines))


def _bytes(file: Path, limit: int, *, from_end: bool) -> tuple[bytes, int]:
    size = file.stat().st_size
    with file.open("rb") as stream:
        if from_end and size > limit:
            stream.seek(size - limit)
        return stream.read(limit), size


def _citations(entry: RequirementResult) -> Mapping[str, set[int]]:
    """Give what the failures name as `file:12,15-17`, by file."""
    found: dict[str, set[int]] = {}
    for test in entry.tests:
        for match in _CITATION.finditer(test.failure.where if test.failure else ""):
            found.setdefault(match[1], set()).update(_numbers(match[2]))
    return found


def _numbers(text: str) -> set[int]:
    numbers: set[int] = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        # A range that somebody mistyped must not become millions of lines.
        numbers.update(range(int(first), min(int(last or first), int(first) + 200) + 1))
    return numbers


def _lines_of(path: str, cited: Mapping[str, set[int]]) -> list[int]:
    found = [lines for name, lines in cited.items() if path == name or path.endswith(f"/{name}")]
    return sorted(set().union(*found))
