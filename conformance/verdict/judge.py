"""The judge: from tests to requirements, and from requirements to the verdict of the run.

Everything here is a pure function of what was observed, so that a verdict can be computed again
from a report.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from drawplate.conformance.catalogue import Height, Requirement
from drawplate.conformance.verdict.outcomes import (
    Judgement,
    Result,
    TestOutcome,
    TestResult,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """A failure that the profile admits, with its reason and link."""

    requirement: str
    heights: tuple[Height, ...]
    reason: str
    link: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """The verdict of a run and why; `only_known` when nothing but admitted failures fails."""

    verdict: Verdict
    reasons: tuple[str, ...]
    only_known: bool = False


def judge_requirement(
    requirement: Requirement,
    height: Height,
    outcomes: Sequence[TestOutcome],
    known: Iterable[KnownFailure] = (),
) -> Judgement:
    """Judge one requirement at one height by its tests: false > error > unknown > true."""
    admitted = next(
        (k for k in known if k.requirement == requirement.id and height in k.heights), None
    )
    results = {outcome.result for outcome in outcomes}
    if not outcomes:
        result, reason = Result.NOT_RUN, "its tests did not run"
    elif TestResult.FAIL in results:
        result, reason = Result.FAIL, ""
    elif results & {TestResult.ERROR, TestResult.INCONCLUSIVE}:
        result, reason = Result.INCONCLUSIVE, _first_reason(outcomes)
    else:
        result, reason = Result.PASS, ""
    if admitted and result is Result.FAIL:
        return Judgement(
            requirement,
            height,
            Result.KNOWN_FAILURE,
            admitted.reason,
            admitted.link,
            tuple(outcomes),
        )
    return Judgement(requirement, height, result, reason, outcomes=tuple(outcomes))


def _first_reason(outcomes: Sequence[TestOutcome]) -> str:
    unclear = [o for o in outcomes if o.result in {TestResult.ERROR, TestResult.INCONCLUSIVE}]
    # An error of the suite explains more than what could not be established because of it.
    unclear.sort(key=lambda outcome: outcome.result is not TestResult.ERROR)
    first = unclear[0]
    prefix = "the suite erred: " if first.result is TestResult.ERROR else ""
    return prefix + (first.seen.splitlines() or ["no reason was given"])[0]


def passed_known_failures(
    judgements: Iterable[Judgement], known: Iterable[KnownFailure]
) -> list[KnownFailure]:
    """Give the admitted failures whose checks pass: the profile's list is out of date."""
    passed = {(j.requirement.id, j.height) for j in judgements if j.result is Result.PASS}
    return [k for k in known if any((k.requirement, height) in passed for height in k.heights)]


def rule(judgements: Sequence[Judgement], known: Sequence[KnownFailure] = ()) -> Ruling:
    """Give the verdict of the run.

    A failed MUST, admitted or not, is not conformant, and so is an admitted failure that passes.
    A MUST that could not be established, or a run that established nothing, is inconclusive. A
    SHOULD never changes the verdict.
    """
    must = [j for j in judgements if j.requirement.level == "MUST"]
    failed = _names(must, Result.FAIL)
    admitted = _names(must, Result.KNOWN_FAILURE)
    stale = sorted({k.requirement for k in passed_known_failures(judgements, known)})
    unclear = _names(must, Result.INCONCLUSIVE) + _names(must, Result.NOT_RUN)
    reasons = _reasons(failed, admitted, stale)
    if reasons:
        only_known = bool(admitted) and not failed and not stale and not unclear
        return Ruling(Verdict.NOT_CONFORMANT, reasons, only_known)
    if unclear:
        return Ruling(
            Verdict.INCONCLUSIVE, (f"could not be established: {', '.join(sorted(set(unclear)))}",)
        )
    passed = [j for j in must if j.result is Result.PASS]
    if not passed:
        return Ruling(Verdict.INCONCLUSIVE, ("no MUST requirement was tested",))
    return Ruling(Verdict.CONFORMANT, (f"all {len(passed)} MUST checks that apply passed",))


def _names(judgements: Iterable[Judgement], result: Result) -> list[str]:
    return [f"{j.requirement.id} ({j.height})" for j in judgements if j.result is result]


def _reasons(failed: list[str], admitted: list[str], stale: list[str]) -> tuple[str, ...]:
    named = (
        ("failed", failed),
        ("known failures", admitted),
        ("known failures that pass, so the profile is out of date", stale),
    )
    return tuple(f"{title}: {', '.join(names)}" for title, names in named if names)
