"""What pytest and our plugin report of a test's phases, made up."""

from typing import Any

import pytest

from drawplate.conformance.run.collector import Collector
from drawplate.conformance.verdict.outcomes import TestResult

PHASES = ("setup", "call", "teardown")


def phase(when: str, result: TestResult = TestResult.PASS, **facts: Any) -> pytest.TestReport:
    """Give pytest's report of a phase, with what our plugin tells on it; `node` is the test."""
    told = {
        "requirements": ["PRE-01"],
        "height": "bench",
        "result": str(result),
        "seen": f"{result} in {when}",
        "where": f"line of {when}",
        "evidence": "/out/evidence/PRE-01",
    }
    report = pytest.TestReport(
        facts.pop("node", "suites/test_it.py::test_it"),
        ("suites/test_it.py", 1, "test_it"),
        {},
        "passed",
        None,
        when,  # type: ignore[arg-type]  # one of the three phases
        duration=0.25,
    )
    report.drawplate = told | facts  # type: ignore[attr-defined]  # our own attribute
    return report


def run_one(collector: Collector, requirement: str, result: TestResult = TestResult.PASS) -> None:
    """Tell the collector a whole test of one requirement at the bench."""
    for when, found in zip(PHASES, (TestResult.PASS, result, TestResult.PASS), strict=True):
        told = phase(when, found, requirements=[requirement], node=f"test_it.py::{requirement}")
        collector.pytest_runtest_logreport(told)
