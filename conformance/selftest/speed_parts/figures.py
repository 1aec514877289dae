"""Measured samples, what is told of them, and the table that tells it."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

Unit = Literal["s", "ms", "MB"]

# Of fewer samples the 99th percentile would be the highest one, which stands in the table anyway.
MANY = 100
COLUMNS = ("measured", "samples", "median", "p99", "lowest", "highest")
DIGITS = 3


@dataclass(frozen=True, slots=True)
class Series:
    """The samples of one quantity, in the order in which they were taken; at least one."""

    title: str
    unit: Unit
    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of the samples, between the middle two when their number is even."""
        return statistics.median(self.samples)

    @property
    def p99(self) -> float | None:
        """The smallest sample that at most 1 % exceed; None when there are fewer than 100."""
        if len(self.samples) < MANY:
            return None
        return sorted(self.samples)[math.ceil(0.99 * len(self.samples)) - 1]

    def row(self) -> tuple[str, ...]:
        """Give the cells of the table; a single sample is not also its own extremes."""
        several = len(self.samples) > 1
        values = [
            self.median,
            self.p99,
            min(self.samples) if several else None,
            max(self.samples) if several else None,
        ]
        cells = ["" if value is None else self._show(value) for value in values]
        return (self.title, str(len(self.samples)), *cells)

    def record(self) -> dict[str, Any]:
        """Give all of it as JSON data."""
        return {
            "title": self.title,
            "unit": self.unit,
            "median": self.median,
            "p99": self.p99,
            "samples": list(self.samples),
        }

    def _show(self, value: float) -> str:
        return f"{show(value)} {self.unit}"


def show(value: float) -> str:
    """Give a number with three digits, or with all of those before the point."""
    if value == 0:
        return "0"
    places = DIGITS - 1 - math.floor(math.log10(abs(value)))
    return f"{value:.{min(max(places, 0), DIGITS)}f}"


def table(found: Sequence[Series]) -> str:
    """Give a Markdown table that can be read as it is too."""
    rows = [COLUMNS, *(series.row() for series in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    # Numbers end where the column ends.
    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    lines = [_line(COLUMNS, widths), "| " + " | ".join(rule) + " |"]
    return "\n".join([*lines, *(_line(row, widths) for row in rows[1:])])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first = cells[0].ljust(widths[0])
    rest = [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:], strict=True)]
    return "| " + " | ".join([first, *rest]) + " |"
