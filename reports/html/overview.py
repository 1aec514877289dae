"""The top of the page: figures, honest notices, and what follows below."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drawplate.reports.html.stories import Story
from drawplate.reports.model import Level, Report, Result
from drawplate.reports.plain import duration
from drawplate.reports.tally import heights, tally


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of the summary, its label, and the CSS class that colours it."""

    value: str
    label: str
    tone: str = ""


def figures(report: Report) -> list[Figure]:
    """Give the numbers that stand below the verdict; results that did not occur are left out."""
    found = [_met(report, "MUST"), _met(report, "SHOULD")]
    must, should = tally(report, "MUST"), tally(report, "SHOULD")
    for result, label, tone in (
        (Result.KNOWN_FAILURE, "known failure", "known"),
        (Result.INCONCLUSIVE, "inconclusive", "inconclusive"),
        (Result.NOT_RUN, "not run", "notrun"),
        (Result.NOT_APPLICABLE, "not applicable", ""),
    ):
        number = must[result] + should[result]
        if number:
            found.append(Figure(str(number), label, tone))
    if report.run.seconds is not None:
        found.append(Figure(duration(report.run.seconds), "duration"))
    return found


def _met(report: Report, level: Level) -> Figure:
    counts = tally(report, level)
    applying = counts.total() - counts[Result.NOT_APPLICABLE]
    tone = "pass" if applying and counts[Result.PASS] == applying else ""
    if counts[Result.FAIL] and level == "MUST":
        tone = "fail"
    return Figure(f"{counts[Result.PASS]} / {applying}", f"{level} met", tone)


def notices(report: Report) -> list[str]:
    """Say what the report does not cover, so that nobody reads more into it."""
    found = []
    if report.run.selection:
        found.append(
            f"Narrowed to {', '.join(report.run.selection)}: this is no full certification."
        )
    if heights(report) == ("bench",):
        found.append("Bench only: nothing here was tested with a real kubelet and scheduler.")
    elif heights(report) == ("cluster",):
        found.append("Cluster only: order, concurrency and faults of calls were not tested.")
    return found


def contents(
    report: Report, stories: Mapping[str, Sequence[Story]]
) -> list[tuple[str, str, int | None]]:
    """Give anchor, title and number of the sections that the page has."""
    absent = sum(entry.result is Result.NOT_APPLICABLE for entry in report.requirements)
    sections: list[tuple[str, str, int | None, object]] = [
        ("failures", "Failures", len(stories["failures"]), stories["failures"]),
        ("findings", "Findings", len(report.findings), report.findings),
        ("inconclusive", "Inconclusive", len(stories["inconclusive"]), stories["inconclusive"]),
        ("known", "Known failures", len(stories["known"]), stories["known"]),
        ("requirements", "Requirements", len({e.id for e in report.requirements}), True),
        ("advice", "Recommendations not met", len(stories["advice"]), stories["advice"]),
        ("not-applicable", "Not applicable", absent, absent),
        ("capabilities", "Capabilities", len(report.capabilities), report.capabilities),
        ("timings", "Timings", None, report.timings or report.requirements),
        ("proof", "Proof of the checks", None, report.requirements),
        ("identity", "What was tested", None, True),
    ]
    return [(anchor, title, number) for anchor, title, number, present in sections if present]
