"""From judgements to the records of a report, and the facts about suite and run that go with them."""

import hashlib
import platform
from collections.abc import Iterable
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from drawplate.conformance.catalogue import Requirement
from drawplate.conformance.verdict.judge import KnownFailure
from drawplate.conformance.verdict.outcomes import Judgement, TestOutcome, TestResult
from drawplate.reports.folder import evidence_files
from drawplate.reports.model import Failure, Finding, RequirementResult, Suite, TestRun

PORTIONS = ("conformance", "emulators", "fixtures", "driver", "reports")
PLUGINS = ("drawplate.conformance.plugin", f"pytest-xdist {version('pytest-xdist')}")


def to_record(judgement: Judgement, out: Path) -> RequirementResult:
    """Give the report's record of a judgement; evidence is what its tests left below `out`."""
    requirement = judgement.requirement
    folders = [Path(outcome.evidence) for outcome in judgement.outcomes if outcome.evidence]
    return RequirementResult(
        id=requirement.id,
        area=requirement.area,
        level=requirement.level,
        text=requirement.text,
        source=requirement.source,
        height=judgement.height,
        result=judgement.result,
        seconds=round(judgement.seconds, 3),
        tests=tuple(_test_run(requirement, outcome, out) for outcome in judgement.outcomes),
        reason=judgement.reason,
        out_of_reach=judgement.out_of_reach,
        link=judgement.link,
        evidence=evidence_files(out, *folders),
        mutants=requirement.mutants,
    )


def _test_run(requirement: Requirement, outcome: TestOutcome, out: Path) -> TestRun:
    failure = None
    if outcome.result is not TestResult.PASS:
        failure = Failure(
            required=requirement.text,
            seen=outcome.seen,
            where=_where(outcome, out),
            hint=requirement.hint,
        )
    return TestRun(id=outcome.test, result=outcome.result, seconds=outcome.seconds, failure=failure)


def _where(outcome: TestOutcome, out: Path) -> str:
    parts = [outcome.where]
    if outcome.evidence and Path(outcome.evidence).is_relative_to(out):
        parts.append(str(Path(outcome.evidence).relative_to(out)))
    return "; ".join(filter(None, parts))


def stale_findings(stale: Iterable[KnownFailure]) -> tuple[Finding, ...]:
    """Give a finding for each known failure that passes."""
    return tuple(
        Finding(
            title=f"{entry.requirement} is declared a known failure, but passes",
            detail=f"Remove it from the profile's knownFailures (declared: {entry.reason})",
            affects_verdict=True,
            requirement=entry.requirement,
        )
        for entry in stale
    )


def describe_suite() -> Suite:
    """Give the suite's version, and digests over its files and its catalogue."""
    return Suite(
        version=version("drawplate"),
        digest=_digest(PORTIONS),
        catalogue_digest=_digest(("conformance/requirements",)),
        python=platform.python_version(),
        plugins=PLUGINS,
    )


def _digest(places: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for place in places:
        portion, _, below = place.partition("/")
        root = Path(str(files(f"drawplate.{portion}"))) / below
        for path in sorted(root.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(path.relative_to(root).as_posix().encode() + b"\0")
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return f"sha256:{digest.hexdigest()}"
