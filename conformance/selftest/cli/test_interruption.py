"""Whatever ends a certification: its report is valid, and nothing of it keeps running."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from drawplate.conformance.selftest.cli.certification_process import Certifying, still_running
from drawplate.conformance.verdict.outcomes import Result, Verdict
from drawplate.reports.reading import read

pytestmark = pytest.mark.slow

FIRST_RESULT = r"\] +1/\d+ bench "
Start = Callable[..., Certifying]


@pytest.fixture
def start(scratch: Path) -> Iterator[Start]:
    """Start a certification; what it leaves is ended with the test."""
    started: list[Certifying] = []

    def begin(*argv: str) -> Certifying:
        started.append(Certifying(scratch, *argv))
        return started[-1]

    yield begin
    for each in started:
        each.clean()


@pytest.mark.parametrize(
    ("workers", "group"),
    [("1", True), ("2", True), ("2", False)],
    ids=["one worker, Ctrl-C", "two workers, Ctrl-C", "two workers, signal to the command alone"],
)
def test_an_interruption_between_tests_ends_in_a_valid_report_and_leaves_nothing(
    start: Start,
    workers: str,
    group: bool,  # noqa: FBT001
) -> None:
    run = start("-n", workers)
    run.until(FIRST_RESULT)
    running = run.processes()

    run.signal(signal.SIGINT, group=group)

    assert run.end() == 130
    assert "Traceback" not in "".join(run.told)
    report = read(run.out)
    results = {entry.result for entry in report.requirements}
    assert report.run.state == "interrupted"
    assert report.verdict is Verdict.INCONCLUSIVE
    assert {Result.PASS, Result.NOT_RUN} <= results
    # It is our own file.
    assert ET.parse(run.out / "junit.xml").getroot().tag == "testsuites"  # noqa: S314
    assert (run.out / "report.html").stat().st_size > 0
    # A control plane and a driver at least: else nothing was looked at.
    assert len(running) > 3
    assert still_running(running) == []
    assert run.processes() == []
    assert run.files() == []


def test_an_interruption_of_the_set_up_ends_in_a_valid_report_and_leaves_nothing(
    start: Start,
) -> None:
    run = start("-n", "1")
    run.until("…")

    run.signal(signal.SIGINT, group=True)

    assert run.end() == 130
    assert "Traceback" not in "".join(run.told)
    assert read(run.out).run.state == "interrupted"
    assert run.processes() == []
    assert run.files() == []


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_killed_certification_leaves_a_readable_report_and_nothing_that_runs(
    start: Start, workers: str
) -> None:
    run = start("-n", workers)
    run.until(FIRST_RESULT)
    running = run.processes()

    run.signal(signal.SIGKILL)
    run.end()

    assert len(running) > 3
    assert still_running(running) == []
    assert run.processes() == []
    report = read(run.out)
    assert report.run.state == "running"
    assert report.verdict is Verdict.INCONCLUSIVE
    assert Result.PASS in {entry.result for entry in report.requirements}
    assert not [*run.state.rglob("clusters/*")]
