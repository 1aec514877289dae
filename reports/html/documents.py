"""Documents and logs cut to what a reader of the page wants first."""

import json
from dataclasses import dataclass

_LINES = 60
_CHARACTERS = 6_000
_LOG_LINES = 40


@dataclass(frozen=True, slots=True)
class Cut:
    """A part of a text, and in words which part."""

    text: str
    note: str


def pretty(text: str) -> str:
    """Give JSON with one value a line; what is no JSON is given as it is."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return text


def beginning(text: str) -> Cut:
    """Give the first lines of a document."""
    lines = text.splitlines()
    kept = "\n".join(lines[:_LINES])[:_CHARACTERS]
    if len(lines) <= _LINES and len(kept) == len("\n".join(lines)):
        return Cut(kept, _count(len(lines)))
    return Cut(kept, f"beginning of {_count(len(lines))}")


def end(text: str) -> Cut:
    """Give the last lines of a log."""
    lines = text.splitlines()
    kept = "\n".join(lines[-_LOG_LINES:])[-_CHARACTERS:]
    if len(lines) <= _LOG_LINES:
        return Cut(kept, _count(len(lines)))
    return Cut(kept, f"last {_LOG_LINES} lines")


def _count(lines: int) -> str:
    return "1 line" if lines == 1 else f"{lines} lines"
