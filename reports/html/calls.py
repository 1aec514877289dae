"""Recorded calls as rows of a table: those that a failure cites, else the first and the last."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from drawplate.reports.plain import clip

_FIRST = 2
_LAST = 4
_AROUND = 2
_MOST = 60
_CELL = 320
_DEPTH = 12

_UUID = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call; `line` is its line in the file, `skipped` how many calls before it are left out."""

    line: int
    skipped: int
    at: str
    method: str
    request: str
    reply: str
    error: str
    took: str
    cited: bool

    @property
    def size(self) -> int:
        """Give the length of what the row shows, in characters."""
        return len(self.request) + len(self.reply) + len(self.error) + len(self.method) + 40


def call_rows(text: str, cited: Sequence[int]) -> tuple[CallRow, ...]:
    """Give the rows of a file with one JSON object a line; none when it does not hold calls.

    With cited lines these are the cited calls and their neighbours, without them the first calls
    and the last ones, which are those that came before the failure.
    """
    calls = {number: call for number, call in enumerate(_parse(text), start=1) if call}
    if not calls:
        return ()
    wanted = _wanted(list(calls), set(cited) & set(calls))
    start = _seconds(calls[min(calls)].get("time"))
    rows, before = [], 0
    for number in wanted:
        rows.append(_row(number, number - before - 1, calls[number], start, set(cited)))
        before = number
    return tuple(rows)


def _parse(text: str) -> list[dict[str, Any]]:
    parsed = []
    # Not splitlines: JSON may hold other line separators of Unicode unescaped.
    for line in text.split("\n"):
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        parsed.append(value if isinstance(value, dict) and "method" in value else {})
    return parsed


def _wanted(numbers: list[int], cited: set[int]) -> list[int]:
    if not cited and len(numbers) > _FIRST + _LAST:
        return numbers[:_FIRST] + numbers[-_LAST:]
    if not cited:
        return numbers
    near = [n for n in numbers if any(abs(n - line) <= _AROUND for line in cited)]
    return near[:_MOST]


def _row(
    number: int, skipped: int, call: dict[str, Any], start: float | None, cited: set[int]
) -> CallRow:
    return CallRow(
        line=number,
        skipped=skipped,
        at=_offset(call.get("time"), start),
        method=str(call["method"]).rpartition("/")[2],
        request=_compact(call.get("request")),
        reply=_compact(call.get("reply")),
        error=_error(call),
        took=_milliseconds(call.get("seconds")),
        cited=number in cited,
    )


def _error(call: dict[str, Any]) -> str:
    status = _compact(call.get("status")).removeprefix("OK")
    return ": ".join(filter(None, (status, _compact(call.get("error")))))


def _compact(value: object) -> str:
    """Give a message in one line; UIDs are cut to their beginning, the file has them whole."""
    if value in (None, "", {}, []):
        return ""
    return clip(_UUID.sub(r"\1…", _flow(value).removeprefix("{").removesuffix("}")), _CELL)


def _flow(value: object, depth: int = _DEPTH) -> str:
    """Write JSON without the quotes, which a reader does not miss."""
    if isinstance(value, dict | list) and not depth:
        return "…"
    if isinstance(value, dict):
        inside = (f"{key}: {_flow(item, depth - 1)}" for key, item in value.items())
        return f"{{{', '.join(inside)}}}"
    if isinstance(value, list):
        return f"[{', '.join(_flow(item, depth - 1) for item in value)}]"
    return value if isinstance(value, str) else json.dumps(value)


def _seconds(time: object) -> float | None:
    if isinstance(time, int | float):
        return float(time)
    try:
        return datetime.fromisoformat(str(time)).timestamp()
    except (ValueError, OverflowError):
        return None


def _offset(time: object, start: float | None) -> str:
    moment = _seconds(time)
    return "" if moment is None or start is None else f"{moment - start:+.3f}"


def _milliseconds(seconds: object) -> str:
    return f"{seconds * 1000:.1f}" if isinstance(seconds, int | float) else ""
