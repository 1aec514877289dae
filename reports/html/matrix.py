"""The matrix of the page: every requirement of an area, and its result at each height."""

from dataclasses import dataclass

from drawplate.reports.html.stories import anchor_of, has_story
from drawplate.reports.model import Height, Report, RequirementResult
from drawplate.reports.tally import heights


@dataclass(frozen=True, slots=True)
class Row:
    """One requirement; `cells` has a result, or None, for each height of the report."""

    first: RequirementResult
    cells: tuple[tuple[Height, RequirementResult | None, str], ...]

    @property
    def entries(self) -> tuple[RequirementResult, ...]:
        """Give the results that the row has."""
        return tuple(entry for _, entry, _ in self.cells if entry)


@dataclass(frozen=True, slots=True)
class Group:
    """The requirements of one area."""

    area: str
    rows: tuple[Row, ...]


def arrange(report: Report) -> list[Group]:
    """Give areas and requirements in the order in which the report has them."""
    areas: dict[str, dict[str, dict[Height, RequirementResult]]] = {}
    for entry in report.requirements:
        areas.setdefault(entry.area, {}).setdefault(entry.id, {})[entry.height] = entry
    present = heights(report)
    return [
        Group(area, tuple(_row(found, present) for found in rows.values()))
        for area, rows in areas.items()
    ]


def _row(found: dict[Height, RequirementResult], present: tuple[Height, ...]) -> Row:
    first = next(iter(found.values()))
    return Row(
        first, tuple((height, found.get(height), _link(found, height)) for height in present)
    )


def _link(found: dict[Height, RequirementResult], height: Height) -> str:
    entry = found.get(height)
    return f"#{anchor_of(entry)}" if entry and has_story(entry) else ""
