"""A report in few words: each requirement's result over its heights, and the verdict's sentence."""

from collections import Counter
from collections.abc import Iterable

from drawplate.reports.model import Height, Level, Report, RequirementResult, Result, Verdict

# A requirement that was met at one height and not at the other was not met.
_GRAVITY = (
    Result.FAIL,
    Result.KNOWN_FAILURE,
    Result.INCONCLUSIVE,
    Result.NOT_RUN,
    Result.PASS,
    Result.NOT_APPLICABLE,
)
PLACES: dict[Height, str] = {"bench": "at the bench", "cluster": "in the cluster"}


def heights(report: Report) -> tuple[Height, ...]:
    """Give the heights of the report's results, bench first."""
    found = {entry.height for entry in report.requirements}
    return tuple(height for height in PLACES if height in found)


def overall(entries: Iterable[RequirementResult]) -> dict[str, Result]:
    """Give each requirement's gravest result over its heights, by ID."""
    found: dict[str, Result] = {}
    for entry in entries:
        known = found.get(entry.id, entry.result)
        found[entry.id] = min(known, entry.result, key=_GRAVITY.index)
    return found


def tally(report: Report, level: Level) -> Counter[Result]:
    """Count requirements (not checks) of the level by their gravest result."""
    return Counter(overall(e for e in report.requirements if e.level == level).values())


def sentence(report: Report) -> str:
    """Say in one sentence why the verdict is what it is."""
    must = tally(report, "MUST")
    if report.run.state != "finished":
        return _unfinished(report, must)
    if report.verdict is Verdict.CONFORMANT:
        return _met(report, must[Result.PASS])
    if report.verdict is Verdict.NOT_CONFORMANT:
        return _not_met(report, must)
    unclear = must[Result.INCONCLUSIVE] + must[Result.NOT_RUN]
    if unclear:
        return f"{unclear} of {_that_apply(must)} could not be judged."
    return "No MUST requirement was tested."


def out_of_reach(report: Report, level: Level) -> int:
    """Count the requirements of the level that the run had no way to judge at any height."""
    entries = [entry for entry in report.requirements if entry.level == level]
    results = overall(entries)
    missed = {entry.id for entry in entries if entry.out_of_reach}
    return sum(results[name] is Result.NOT_APPLICABLE for name in missed)


def _met(report: Report, number: int) -> str:
    missed = out_of_reach(report, "MUST")
    if number == 1:
        which = "within reach of this run" if missed else "that applies to this driver"
        text = f"The one MUST requirement {which} was met"
    else:
        which = "within reach of this run" if missed else "that apply to this driver"
        text = f"All {number} MUST requirements {which} were met"
    more = f"; {missed} more could not be tried here" if missed else ""
    return f"{text}, {_where(report)}{more}."


def _where(report: Report) -> str:
    return " and ".join(PLACES[height] for height in heights(report))


def _that_apply(must: Counter[Result]) -> str:
    number = must.total() - must[Result.NOT_APPLICABLE]
    return f"{number} MUST {_plural('requirement', number)}"


def _plural(noun: str, number: int) -> str:
    return noun if number == 1 else f"{noun}s"


def _not_met(report: Report, must: Counter[Result]) -> str:
    failed, known = must[Result.FAIL], must[Result.KNOWN_FAILURE]
    if not failed + known:
        return next(
            (finding.title for finding in report.findings if finding.affects_verdict),
            "The driver is not conformant.",
        )
    text = f"{failed + known} of {_that_apply(must)} {'was' if failed + known == 1 else 'were'}"
    if not known:
        return f"{text} not met."
    if not failed:
        return f"{text} not met, as the driver's profile admits."
    return f"{text} not met; the driver's profile admits {known} of them."


def _unfinished(report: Report, must: Counter[Result]) -> str:
    judged = must.total() - must[Result.NOT_RUN]
    how = "was interrupted" if report.run.state == "interrupted" else "did not come to its end"
    failed = must[Result.FAIL] + must[Result.KNOWN_FAILURE]
    text = f"The run {how}: {judged} MUST {_plural('requirement', judged)} had been judged"
    return f"{text}, {failed} of them not met." if failed else f"{text}."
