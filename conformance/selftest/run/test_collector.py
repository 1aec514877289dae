"""Phases become outcomes, outcomes become judgements."""

from collections.abc import Iterable
from itertools import permutations
from typing import Any

import pytest

from drawplate.conformance import catalogue
from drawplate.conformance.run.collector import Check, Collector
from drawplate.conformance.run.keys import REFUSAL
from drawplate.conformance.selftest.run.phases import PHASES, phase
from drawplate.conformance.selftest.run.stand_in import StandIn
from drawplate.conformance.selftest.verdict.samples import admission, requirement
from drawplate.conformance.verdict.outcomes import Result, TestOutcome, TestResult
from drawplate.emulators.problems import SetupProblem

Facts = dict[str, Any]


@pytest.fixture(autouse=True)
def _catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    both = requirement("PRE-02", heights=("bench", "cluster"))
    entries = {"PRE-01": requirement(), "PRE-02": both}
    monkeypatch.setattr(catalogue, "load", lambda: entries)


def collect(
    reports: Iterable[pytest.TestReport], checks: Iterable[Check] = (("PRE-01", "bench"),)
) -> Collector:
    collector = Collector(tuple(checks), (), lambda _: None)
    for report in reports:
        collector.pytest_runtest_logreport(report)
    return collector


def test_a_test_is_one_outcome_when_its_last_phase_is_told() -> None:
    told: list[TestOutcome] = []
    collector = Collector([("PRE-01", "bench")], (), told.append)

    collector.pytest_runtest_logreport(phase("setup"))
    collector.pytest_runtest_logreport(phase("call"))
    assert told == []
    collector.pytest_runtest_logreport(phase("teardown"))

    assert [found.result for found in told] == [TestResult.PASS]
    assert told[0].seconds == 0.75
    assert told[0].requirements == ("PRE-01",)


@pytest.mark.parametrize("results", [*permutations(TestResult, 3)])
def test_the_worst_phase_counts(results: tuple[TestResult, ...]) -> None:
    worst = next(
        result
        for result in (TestResult.FAIL, TestResult.ERROR, TestResult.INCONCLUSIVE)
        if result in results
    )

    collector = collect(phase(when, result) for when, result in zip(PHASES, results, strict=True))

    (found,) = collector.outcomes
    assert found.result is worst
    assert found.seen == f"{worst} in {PHASES[results.index(worst)]}"
    assert found.where == f"line of {PHASES[results.index(worst)]}"


def test_an_error_at_tear_down_takes_a_pass_back() -> None:
    results = (TestResult.PASS, TestResult.PASS, TestResult.ERROR)

    collector = collect(phase(when, result) for when, result in zip(PHASES, results, strict=True))

    assert [found.result for found in collector.judgements()] == [Result.INCONCLUSIVE]


def test_a_failed_set_up_without_a_call_is_told() -> None:
    collector = collect([phase("setup", TestResult.INCONCLUSIVE), phase("teardown")])

    assert [found.result for found in collector.outcomes] == [TestResult.INCONCLUSIVE]


def test_tests_of_several_workers_are_kept_apart() -> None:
    nodes = ("suites/test_it.py::test_a", "suites/test_it.py::test_b")
    results = {nodes[0]: TestResult.PASS, nodes[1]: TestResult.FAIL}

    collector = collect(phase(when, results[node], node=node) for when in PHASES for node in nodes)

    assert {found.test: found.result for found in collector.outcomes} == results


def test_a_test_whose_worker_died_makes_its_requirement_not_run() -> None:
    died = phase("setup")

    assert [found.result for found in collect([died]).judgements()] == [Result.NOT_RUN]


def test_a_requirement_is_judged_at_each_height_by_its_tests_there() -> None:
    checks: list[Check] = [("PRE-02", "bench"), ("PRE-02", "cluster")]
    at_bench: Facts = {"requirements": ["PRE-02"], "node": "a"}
    in_cluster: Facts = {"requirements": ["PRE-02"], "height": "cluster", "node": "b"}

    collector = collect(
        [
            *(phase(when, **at_bench) for when in PHASES),
            *(phase(when, TestResult.FAIL, **in_cluster) for when in PHASES),
        ],
        checks,
    )

    assert {found.height: found.result for found in collector.judgements()} == {
        "bench": Result.PASS,
        "cluster": Result.FAIL,
    }


def test_one_test_may_prove_several_requirements() -> None:
    checks: list[Check] = [("PRE-01", "bench"), ("PRE-02", "bench")]
    both: Facts = {"requirements": ["PRE-01", "PRE-02"]}

    collector = collect((phase(when, **both) for when in PHASES), checks)

    assert [found.result for found in collector.judgements()] == [Result.PASS, Result.PASS]


def test_what_the_profile_admits_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    collector = Collector([("PRE-01", "bench")], [admission()], lambda _: None)
    for when in PHASES:
        collector.pytest_runtest_logreport(phase(when, TestResult.FAIL))

    assert [found.result for found in collector.judgements()] == [Result.KNOWN_FAILURE]


def test_the_refusal_of_a_worker_is_kept_once() -> None:
    class Node:
        workeroutput = {REFUSAL: "PRE-02 has no test at the bench"}  # noqa: RUF012

    collector = collect([])
    collector.pytest_testnodedown(Node())
    collector.pytest_testnodedown(Node())
    collector.pytest_testnodedown(object())

    assert collector.collection_errors == ["PRE-02 has no test at the bench"]


def test_a_result_that_cannot_be_kept_ends_the_session_with_that_problem(
    stand_in: StandIn,
) -> None:
    full = SetupProblem("the disk is full", where="/out", cure="make room")

    def keep(_outcome: TestOutcome) -> None:
        raise full

    source = """
        @covers('PRE-01')
        def test_first(bench):
            pass

        @covers('PRE-01')
        def test_second(bench):
            raise SystemError('must not be reached')
    """
    with pytest.raises(SetupProblem) as caught:
        stand_in.run(source, on_outcome=keep)

    assert caught.value is full
