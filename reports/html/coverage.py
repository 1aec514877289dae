"""The coverage of the page: a bar for each area and height, with one hole per requirement."""

from dataclasses import dataclass

from drawplate.reports.html.words import LOOKS, look
from drawplate.reports.model import Height, Report, RequirementResult, Result
from drawplate.reports.tally import heights

PITCH = 18
PER_LINE = 16


@dataclass(frozen=True, slots=True)
class Hole:
    """One requirement of a bar: where it stands, in pixels, and how it looks."""

    x: int
    y: int
    tone: str
    title: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Bar:
    """The results of one area at one height; sizes in pixels."""

    height: Height
    holes: tuple[Hole, ...]
    wide: int
    high: int
    summary: str


@dataclass(frozen=True, slots=True)
class Line:
    """One area with its bars."""

    area: str
    bars: tuple[Bar, ...]


def draw_coverage(report: Report) -> list[Line]:
    """Give the bars of each area, in the order in which the report has the areas."""
    areas: dict[str, list[RequirementResult]] = {}
    for entry in report.requirements:
        areas.setdefault(entry.area, []).append(entry)
    return [
        Line(
            area,
            tuple(
                _bar(height, [e for e in entries if e.height == height])
                for height in heights(report)
            ),
        )
        for area, entries in areas.items()
    ]


def _bar(height: Height, entries: list[RequirementResult]) -> Bar:
    ordered = sorted(entries, key=lambda entry: (LOOKS.index(look(entry)), entry.id))
    holes = tuple(
        Hole(
            x=(place % PER_LINE) * PITCH,
            y=(place // PER_LINE) * PITCH,
            tone=look(entry).tone,
            title=f"{entry.id} {look(entry).word.lower()}: {entry.text}",
            anchor=f"#requirement-{entry.id}",
        )
        for place, entry in enumerate(ordered)
    )
    lines = -(-len(holes) // PER_LINE)
    return Bar(height, holes, min(len(holes), PER_LINE) * PITCH, lines * PITCH, _summary(entries))


def _summary(entries: list[RequirementResult]) -> str:
    applying = [entry for entry in entries if entry.result is not Result.NOT_APPLICABLE]
    passed = sum(entry.result is Result.PASS for entry in applying)
    return f"{passed} of {len(applying)} passed" if applying else "none applies"
