"""From requirements to the verdict of a run."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drawplate.conformance.selftest.verdict.samples import admission, judgement
from drawplate.conformance.verdict.judge import rule
from drawplate.conformance.verdict.outcomes import Judgement, Result, Verdict

BAD = {Result.FAIL, Result.KNOWN_FAILURE, Result.INCONCLUSIVE, Result.NOT_RUN}


@st.composite
def judgements(draw: st.DrawFn, level: str) -> list[Judgement]:
    """Give judgements of one level, each of a requirement of its own, at both heights."""
    results = draw(st.lists(st.sampled_from(Result), max_size=8))
    first = {"MUST": 100, "SHOULD": 500}[level]
    return [
        judgement(
            result,
            f"PRE-{first + number}",
            level=level,
            height=draw(st.sampled_from(["bench", "cluster"])),
        )
        for number, result in enumerate(results)
    ]


def test_a_run_in_which_every_must_passed_is_conformant() -> None:
    ruling = rule([judgement(Result.PASS), judgement(Result.PASS, "PRE-02")])

    assert ruling.verdict is Verdict.CONFORMANT
    assert ruling.reasons == ("all 2 MUST checks that apply passed",)


def test_a_run_that_tested_nothing_is_inconclusive() -> None:
    assert rule([]).verdict is Verdict.INCONCLUSIVE


def test_a_run_in_which_nothing_applied_is_inconclusive() -> None:
    ruling = rule([judgement(Result.NOT_APPLICABLE)])

    assert ruling.verdict is Verdict.INCONCLUSIVE
    assert ruling.reasons == ("no MUST requirement was tested",)


def test_passed_shoulds_alone_do_not_make_a_run_conformant() -> None:
    assert rule([judgement(Result.PASS, level="SHOULD")]).verdict is Verdict.INCONCLUSIVE


def test_a_failed_must_is_named_with_its_height() -> None:
    ruling = rule([judgement(Result.PASS), judgement(Result.FAIL, "PRE-02", height="cluster")])

    assert ruling.verdict is Verdict.NOT_CONFORMANT
    assert ruling.reasons == ("failed: PRE-02 (cluster)",)


@pytest.mark.parametrize("unclear", [Result.INCONCLUSIVE, Result.NOT_RUN])
def test_a_must_that_could_not_be_established_is_inconclusive(unclear: Result) -> None:
    ruling = rule([judgement(Result.PASS), judgement(unclear, "PRE-02")])

    assert ruling.verdict is Verdict.INCONCLUSIVE
    assert ruling.reasons == ("could not be established: PRE-02 (bench)",)


def test_a_failure_outweighs_what_could_not_be_established() -> None:
    ruling = rule([judgement(Result.INCONCLUSIVE), judgement(Result.FAIL, "PRE-02")])

    assert ruling.verdict is Verdict.NOT_CONFORMANT


def test_a_known_failure_stays_a_failure() -> None:
    ruling = rule([judgement(Result.PASS), judgement(Result.KNOWN_FAILURE, "PRE-02")])

    assert ruling.verdict is Verdict.NOT_CONFORMANT
    assert ruling.only_known
    assert ruling.reasons == ("known failures: PRE-02 (bench)",)


@pytest.mark.parametrize("beside", [Result.FAIL, Result.INCONCLUSIVE, Result.NOT_RUN])
def test_not_only_known_failures_fail_when_something_else_did_not_pass(beside: Result) -> None:
    ruling = rule([judgement(Result.KNOWN_FAILURE), judgement(beside, "PRE-02")])

    assert ruling.verdict is Verdict.NOT_CONFORMANT
    assert not ruling.only_known


def test_a_known_failure_that_passes_fails_the_run() -> None:
    ruling = rule([judgement(Result.PASS)], [admission("PRE-01")])

    assert ruling.verdict is Verdict.NOT_CONFORMANT
    assert not ruling.only_known
    assert "PRE-01" in ruling.reasons[0]
    assert "out of date" in ruling.reasons[0]


def test_a_known_failure_that_passes_at_one_of_its_heights_fails_the_run() -> None:
    found = [judgement(Result.KNOWN_FAILURE), judgement(Result.PASS, height="cluster")]

    ruling = rule(found, [admission("PRE-01", "bench", "cluster")])

    assert not ruling.only_known


def test_a_known_failure_that_was_not_run_is_not_out_of_date() -> None:
    ruling = rule([judgement(Result.PASS, "PRE-02")], [admission("PRE-01")])

    assert ruling.verdict is Verdict.CONFORMANT


@given(judgements("MUST"), judgements("SHOULD"))
def test_a_should_never_changes_the_verdict(must: list[Judgement], should: list[Judgement]) -> None:
    assert rule([*must, *should]).verdict is rule(must).verdict
    assert rule([*must, *should]).only_known is rule(must).only_known


@given(judgements("MUST"))
def test_conformant_means_that_something_passed_and_nothing_was_bad(must: list[Judgement]) -> None:
    results = {found.result for found in must}

    conformant = rule(must).verdict is Verdict.CONFORMANT

    assert conformant == (Result.PASS in results and not results & BAD)


@given(judgements("MUST"))
def test_only_known_means_known_failures_and_nothing_else(must: list[Judgement]) -> None:
    bad = {found.result for found in must} & BAD

    assert rule(must).only_known == (bad == {Result.KNOWN_FAILURE})


@given(judgements("MUST"), st.sampled_from(Result))
def test_one_more_failure_never_helps(must: list[Judgement], found: Result) -> None:
    more = judgement(found, "PRE-999")

    if found is Result.FAIL or rule(must).verdict is Verdict.NOT_CONFORMANT:
        assert rule([*must, more]).verdict is Verdict.NOT_CONFORMANT


@given(judgements("MUST"), judgements("SHOULD"))
def test_every_verdict_has_a_reason(must: list[Judgement], should: list[Judgement]) -> None:
    assert all(rule([*must, *should]).reasons)
    assert rule([*must, *should]).reasons
