"""The results that need telling: what failed, what is admitted, what could not be judged."""

from collections.abc import Mapping
from dataclasses import dataclass

from drawplate.reports.html.excerpts import Excerpt, Excerpts
from drawplate.reports.model import Report, RequirementResult, Result


@dataclass(frozen=True, slots=True)
class Story:
    """One result with what its evidence shows; `anchor` is its place on the page."""

    entry: RequirementResult
    anchor: str
    excerpts: tuple[Excerpt, ...]


def anchor_of(entry: RequirementResult) -> str:
    """Give the page's ID of a result."""
    return f"result-{entry.id}-{entry.height}"


def _section(entry: RequirementResult) -> str | None:
    match entry.result:
        case Result.FAIL:
            return "failures" if entry.level == "MUST" else "advice"
        case Result.INCONCLUSIVE:
            return "inconclusive"
        case Result.KNOWN_FAILURE:
            return "known"
        case _:
            return None


def has_story(entry: RequirementResult) -> bool:
    """Tell whether the page tells more of this result than the matrix does."""
    return _section(entry) is not None


def tell_stories(report: Report, excerpts: Excerpts) -> Mapping[str, list[Story]]:
    """Give the stories by section, in the order in which the page has them.

    The evidence of failures is taken first: they must not be the ones for which no room is left.
    """
    told: dict[str, list[Story]] = {"failures": [], "inconclusive": [], "known": [], "advice": []}
    for section, stories in told.items():
        for entry in report.requirements:
            if _section(entry) == section:
                stories.append(Story(entry, anchor_of(entry), excerpts.of(entry)))
    return told
