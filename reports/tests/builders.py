"""The smallest parts of a report, for tests that need one special case."""

from datetime import UTC, datetime
from typing import Any

from drawplate.reports.model import (
    Driver,
    Failure,
    Report,
    RequirementResult,
    Result,
    Run,
    Suite,
    TestResult,
    TestRun,
)

STARTED = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def make_failure(**parts: str) -> TestRun:
    """Give a failed test."""
    failure = Failure.model_validate({"required": "gpu-0", "seen": "gpu-1"} | parts)
    return TestRun(id="test_x.py::test_x", result=TestResult.FAIL, seconds=0.1, failure=failure)


def make_result(result: Result = Result.PASS, **parts: Any) -> RequirementResult:
    """Give a result with what its kind demands."""
    base: dict[str, Any] = {
        "id": "PRE-07",
        "area": "prepare",
        "level": "MUST",
        "text": "Preparing twice returns the same devices.",
        "height": "bench",
        "result": result,
    }
    if result in {Result.FAIL, Result.KNOWN_FAILURE}:
        base["tests"] = (make_failure(),)
    if result in {Result.KNOWN_FAILURE, Result.INCONCLUSIVE, Result.NOT_APPLICABLE}:
        base["reason"] = "the reason"
    return RequirementResult.model_validate(base | parts)


def make_report(*results: RequirementResult, **parts: Any) -> Report:
    """Give a finished report with these results, inconclusive unless told otherwise."""
    run = Run(command="drawplate certify x", started=STARTED, ended=STARTED, state="finished")
    base: dict[str, Any] = {
        "run": run,
        "driver": Driver(name="gpu.example", profile="example"),
        "suite": Suite(version="0.1.0"),
        "requirements": results,
        "reasons": ("because",),
    }
    return Report.model_validate(base | parts)
