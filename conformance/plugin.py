"""The pytest plugin of a certification run: selects tests, limits them, and tells their results.

It is loaded by `drawplate certify` in the controller and in every worker; the results travel on
pytest's own reports as the attribute `drawplate`.
"""

import random
import signal
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any, cast

import pytest

from drawplate.conformance.catalogue import Height
from drawplate.conformance.problems import Inconclusive, Problem, SetupProblem
from drawplate.conformance.run.collection import (
    check_completeness,
    height_of,
    needs_of,
    requirements_of,
)
from drawplate.conformance.run.context import RunContext
from drawplate.conformance.run.keys import CONTEXT, EVIDENCE, OUTCOME, REFUSAL
from drawplate.conformance.run.leasing import disturbance, leased, unlink
from drawplate.conformance.verdict.outcomes import TestResult
from drawplate.fixtures.waiting import NotInTime

# How long one test, and then its clean-up, may take in seconds before it is called inconclusive.
BUDGET: dict[Height, float] = {"bench": 150.0, "cluster": 300.0}

pytest_plugins = (
    "drawplate.conformance.run.bench_fixtures",
    "drawplate.conformance.run.cluster_fixtures",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the one option by which a worker finds its run."""
    parser.addoption("--drawplate-run", type=Path, help="context file of a certification run")


def pytest_configure(config: pytest.Config) -> None:
    """Read the context, and declare the marks that suites use."""
    config.addinivalue_line("markers", "covers(*ids): the requirements which the test proves")
    config.addinivalue_line("markers", "alone(needs): what a cluster test needs for itself")
    config.addinivalue_line("markers", "fresh: the test needs a driver that nobody used before")
    path = config.getoption("--drawplate-run")
    if path:
        config.stash[CONTEXT] = RunContext.read(path)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse an incomplete catalogue, then keep what this run is to test."""
    try:
        check_completeness(items)
    except pytest.UsageError as error:
        # A worker would be given its tests all the same, and the reason would be lost.
        items.clear()
        getattr(config, "workeroutput", {})[REFUSAL] = str(error)
        raise
    context = config.stash.get(CONTEXT, None)
    if context is None:
        return
    wanted = set(context.checks)
    kept: list[pytest.Item] = []
    dropped: list[pytest.Item] = []
    for item in items:
        ids = {(name, height_of(item)) for name in requirements_of(item)}
        (kept if ids & wanted else dropped).append(item)
        item.stash[EVIDENCE] = _evidence_folder(context.out, item)
    if context.shuffle:
        random.Random(context.seed).shuffle(kept)  # noqa: S311 - not for secrets
    else:
        # Side by side as long as it goes, then in turns: nobody waits for more than it must.
        kept.sort(key=lambda item: not needs_of(item).shares_devices)
    items[:] = kept
    config.hook.pytest_deselected(items=dropped)


def _evidence_folder(out: Path, item: pytest.Item) -> Path:
    name = item.name.replace("/", "_").replace("[", "-").rstrip("]")
    return out / "evidence" / requirements_of(item)[0] / height_of(item) / name


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Limit the whole test, so that a driver which hangs cannot hang the run.

    Waiting for other tests is no part of it.
    """
    budget = _budget(item)

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise Inconclusive(f"the test did not end within {budget:.0f} s")

    with leased(item):
        before = signal.signal(signal.SIGALRM, give_up)
        signal.setitimer(signal.ITIMER_REAL, budget)
        try:
            return (yield)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give back what this process holds."""
    unlink(config)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Give the clean-up a time of its own: a test that was given up has used up all of its own."""
    signal.setitimer(signal.ITIMER_REAL, _budget(item))
    return (yield)


def _budget(item: pytest.Item) -> float:
    context = item.config.stash.get(CONTEXT, None)
    return BUDGET[height_of(item)] * (context.patience if context else 1.0)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """Tell the result of a phase in our words, on pytest's report."""
    report = cast("Any", (yield))
    excinfo = call.excinfo
    if call.when == "call":
        item.stash[OUTCOME] = report.outcome
    result, seen = TestResult.PASS, ""
    if excinfo is not None:
        result = _classify(excinfo, call.when or "")
        seen = _describe(excinfo)
        doubt = disturbance(item) if result is TestResult.FAIL else ""
        if doubt:
            result, seen = TestResult.INCONCLUSIVE, f"{seen}; {doubt}"
    evidence = item.stash.get(EVIDENCE, None)
    report.drawplate = {
        "requirements": list(requirements_of(item)),
        "height": height_of(item),
        "result": str(result),
        "seen": seen,
        "where": _place(excinfo, item),
        "evidence": str(evidence) if evidence else "",
    }
    return cast("None", report)


def _classify(excinfo: pytest.ExceptionInfo[BaseException], when: str) -> TestResult:
    error = excinfo.value
    if isinstance(error, Inconclusive | SetupProblem | NotInTime):
        return TestResult.INCONCLUSIVE
    if isinstance(error, AssertionError) and when == "call":
        return TestResult.FAIL
    # Among the rest are skips: a test that leaves early without saying why is an error of ours.
    return TestResult.ERROR


def _describe(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    error = excinfo.value
    if isinstance(error, AssertionError):
        # The test's own sentence says it; pytest's account of the expression stands in for it.
        return str(error).partition("\nassert ")[0]
    if isinstance(error, Inconclusive | Problem | NotInTime):
        return str(error)
    return excinfo.exconly()


def _place(excinfo: pytest.ExceptionInfo[BaseException] | None, item: pytest.Item) -> str:
    if excinfo is None:
        return ""
    inside = [entry for entry in excinfo.traceback if Path(str(entry.path)) == item.path]
    line = inside[-1].lineno + 1 if inside else (item.location[1] or 0) + 1
    return f"{item.location[0]}:{line} in {item.name}"
