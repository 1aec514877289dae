"""The timings of the page: the phases of the run and its slowest checks, as bars."""

from collections.abc import Sequence
from dataclasses import dataclass

from drawplate.reports.model import Report
from drawplate.reports.plain import duration

_SLOWEST = 10


@dataclass(frozen=True, slots=True)
class Bar:
    """One duration; `share` is its part of the longest, in per cent."""

    label: str
    detail: str
    value: str
    share: float


def phases(report: Report) -> list[Bar]:
    """Give the phases of the run, in their order."""
    return _bars([(timing.phase, "", timing.seconds) for timing in report.timings])


def slowest(report: Report) -> list[Bar]:
    """Give the checks that took longest, the longest first."""
    timed = sorted(report.requirements, key=lambda entry: entry.seconds, reverse=True)
    return _bars(
        [
            (f"{entry.id} {entry.height}", entry.text, entry.seconds)
            for entry in timed[:_SLOWEST]
            if entry.seconds > 0
        ]
    )


def _bars(entries: Sequence[tuple[str, str, float]]) -> list[Bar]:
    longest = max((seconds for _, _, seconds in entries), default=0.0)
    return [
        Bar(label, detail, duration(seconds), round(100 * seconds / longest, 2) if longest else 0.0)
        for label, detail, seconds in entries
    ]
