"""One certification from its order to its report, without a control plane: what ends it and how."""

import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from drawplate.conformance import patience
from drawplate.conformance.problems import SetupProblem, SuiteError
from drawplate.conformance.run import certification
from drawplate.conformance.run.certification import Certification, Order, certify
from drawplate.conformance.run.collector import Collector
from drawplate.conformance.run.context import RunContext
from drawplate.conformance.run.ground import Ground, Wish
from drawplate.conformance.selftest.run.phases import run_one
from drawplate.conformance.verdict.outcomes import Result, TestResult, Verdict
from drawplate.fixtures.progress import silent
from drawplate.reports.reading import read

SELECTED = ("REG-01", "REG-02")
Suites = Callable[[Path, int, Collector], bool]


class Tried:
    """A certification whose ground and suites are functions of the test."""

    def __init__(self, out: Path, patch: pytest.MonkeyPatch) -> None:
        """Stand on nothing, and have suites in which everything passes."""
        self.out = out
        self.left = False
        self.suites: Suites = self._all_pass
        self.raised: BaseException | None = None
        patch.setattr(patience, "measure", lambda: 1.0)
        patch.setattr(certification, "prepare_ground", self._ground)
        patch.setattr(certification, "furnished", lambda *_: nullcontext())
        patch.setattr(certification, "ensure_binaries", lambda *_: {})
        patch.setattr(certification, "version_of", lambda *_: "1.2.3")
        patch.setattr(certification, "run_suites", self._run_suites)

    @contextmanager
    def _ground(self, *_: object) -> Iterator[Ground]:
        if self.raised:
            raise self.raised
        try:
            yield Ground(None, None)
        finally:
            self.left = True

    def _run_suites(self, file: Path, workers: int, collector: Collector) -> bool:
        return self.suites(file, workers, collector)

    @staticmethod
    def _all_pass(_file: Path, _workers: int, collector: Collector) -> bool:
        for name in SELECTED:
            run_one(collector, name)
        return True

    def run(self, **order: Any) -> Certification:
        wish = Wish(heights=frozenset({"bench"}))
        plain: dict[str, Any] = {"selection": SELECTED, "workers": 1, "seed": 7, "out": self.out}
        return certify(Order(profile="reference", wish=wish, **plain | order), silent())


@pytest.fixture
def tried(tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> Tried:
    monkeypatch.setenv("XDG_STATE_HOME", str(scratch))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return Tried(tmp_path / "made" / "for" / "it", monkeypatch)


def test_a_run_in_which_everything_passes_is_conformant_and_reported(tried: Tried) -> None:
    done = tried.run(argv=("certify", "reference"))

    assert done.ruling.verdict is Verdict.CONFORMANT
    assert not done.interrupted
    report = read(tried.out)
    assert report == done.report
    assert report.run.state == "finished"
    assert report.run.command == "drawplate certify reference"
    assert (report.run.seed, report.run.selection) == (7, SELECTED)
    assert report.driver.version == "1.2.3"
    assert [timing.phase for timing in report.timings] == ["set-up", "tests"]
    assert {path.name for path in tried.out.iterdir()} >= {"junit.xml", "report.html", "evidence"}


def test_the_command_that_repeats_a_run_has_its_seed(tried: Tried) -> None:
    report = tried.run(argv=("certify", "my driver.yaml"), seed=None).report

    assert report.run.command == f"drawplate certify 'my driver.yaml' --seed {report.run.seed}"


def test_workers_are_told_what_the_run_is(tried: Tried) -> None:
    told: list[RunContext] = []

    def suites(file: Path, workers: int, _collector: Collector) -> bool:
        told.append(RunContext.read(file))
        assert workers == 1
        return True

    tried.suites = suites
    tried.run(run_id="abc123")

    (context,) = told
    assert context.checks == (("REG-01", "bench"), ("REG-02", "bench"))
    assert (context.run_id, context.profile, context.seed) == ("abc123", "reference", 7)
    assert context.out == tried.out


def test_a_failed_must_is_not_conformant(tried: Tried) -> None:
    def suites(_file: Path, _workers: int, collector: Collector) -> bool:
        run_one(collector, "REG-01")
        run_one(collector, "REG-02", TestResult.FAIL)
        return True

    tried.suites = suites

    assert tried.run().report.exit_code == 1


def test_what_was_not_told_is_not_run_and_the_verdict_inconclusive(tried: Tried) -> None:
    def suites(_file: Path, _workers: int, collector: Collector) -> bool:
        run_one(collector, "REG-01")
        return True

    tried.suites = suites

    done = tried.run()

    assert done.report.exit_code == 2
    assert {entry.id: entry.result for entry in done.report.requirements} == {
        "REG-01": Result.PASS,
        "REG-02": Result.NOT_RUN,
    }


def test_each_result_is_on_disk_at_once(tried: Tried) -> None:
    seen: list[list[str]] = []

    def suites(_file: Path, _workers: int, collector: Collector) -> bool:
        for name in SELECTED:
            run_one(collector, name)
            raw = json.loads((tried.out / "report.json").read_text(encoding="utf-8"))
            seen.append([entry["id"] for entry in raw["requirements"]])
        return True

    tried.suites = suites
    tried.run()

    assert seen == [["REG-01"], ["REG-01", "REG-02"]]


def test_an_interrupted_run_is_never_conformant_and_its_report_valid(tried: Tried) -> None:
    def suites(file: Path, workers: int, collector: Collector) -> bool:
        Tried._all_pass(file, workers, collector)
        return False

    tried.suites = suites

    done = tried.run()

    assert done.interrupted
    assert done.ruling.verdict is Verdict.INCONCLUSIVE
    assert read(tried.out).run.state == "interrupted"


def test_an_interruption_outside_of_pytest_ends_in_a_report_too(tried: Tried) -> None:
    def suites(_file: Path, _workers: int, collector: Collector) -> bool:
        run_one(collector, "REG-01", TestResult.FAIL)
        raise KeyboardInterrupt

    tried.suites = suites

    done = tried.run()

    assert done.interrupted
    assert done.ruling.verdict is Verdict.NOT_CONFORMANT
    assert tried.left


def test_an_interruption_of_the_set_up_ends_in_a_report(tried: Tried) -> None:
    tried.raised = KeyboardInterrupt()

    done = tried.run()

    assert done.interrupted
    assert done.report.exit_code == 2
    assert read(tried.out).run.state == "interrupted"


def test_a_set_up_that_fails_leaves_nothing(tried: Tried, tmp_path: Path) -> None:
    tried.raised = SetupProblem("no etcd", cure="get it")

    with pytest.raises(SetupProblem, match="no etcd"):
        tried.run()

    assert not [*tmp_path.iterdir()]


def test_a_set_up_that_fails_leaves_what_others_keep_in_the_folder(tried: Tried) -> None:
    tried.out.mkdir(parents=True)
    (tried.out / "notes.txt").write_text("mine", encoding="utf-8")
    tried.raised = SetupProblem("no etcd")

    with pytest.raises(SetupProblem):
        tried.run()

    assert [path.name for path in tried.out.iterdir()] == ["notes.txt"]


def test_a_driver_that_cannot_be_started_leaves_nothing(tried: Tried, tmp_path: Path) -> None:
    def suites(*_: object) -> bool:
        raise SetupProblem("the server refuses the class")

    tried.suites = suites

    with pytest.raises(SetupProblem):
        tried.run()

    assert tried.left
    assert not [*tmp_path.iterdir()]


def test_a_problem_after_the_first_result_leaves_the_report(tried: Tried) -> None:
    def suites(_file: Path, _workers: int, collector: Collector) -> bool:
        run_one(collector, "REG-01", TestResult.FAIL)
        raise SetupProblem("the disk is full")

    tried.suites = suites

    with pytest.raises(SetupProblem, match="disk is full"):
        tried.run()

    assert [entry.result for entry in read(tried.out).requirements if entry.id == "REG-01"] == [
        Result.FAIL
    ]
    assert read(tried.out).run.state == "interrupted"


@pytest.mark.parametrize("error", [SuiteError("pytest broke"), ZeroDivisionError("a bug")])
def test_an_error_of_the_suite_is_not_hidden_and_gives_no_verdict(
    tried: Tried, error: Exception
) -> None:
    def suites(*_: object) -> bool:
        raise error

    tried.suites = suites

    with pytest.raises(type(error)):
        tried.run()

    assert read(tried.out).verdict is Verdict.INCONCLUSIVE
    assert tried.left


def test_an_earlier_report_is_replaced_only_when_the_folder_was_not_named(tried: Tried) -> None:
    tried.run()

    with pytest.raises(SetupProblem, match="holds an earlier report"):
        tried.run()
    assert tried.run(replace=True).report.exit_code == 0


def test_an_earlier_report_that_may_not_be_replaced_stays_as_it_is(tried: Tried) -> None:
    tried.run()
    before = {path: path.read_bytes() for path in tried.out.rglob("*") if path.is_file()}

    with pytest.raises(SetupProblem):
        tried.run()

    assert {p: p.read_bytes() for p in tried.out.rglob("*") if p.is_file()} == before
