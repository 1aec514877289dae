"""From tests to a requirement: false > error > unknown > true, and what a profile admits."""

from hypothesis import given
from hypothesis import strategies as st

from drawplate.conformance.selftest.verdict.samples import admission, outcome, requirement
from drawplate.conformance.verdict.judge import judge_requirement
from drawplate.conformance.verdict.outcomes import Result, TestOutcome, TestResult

RESULTS = st.lists(st.sampled_from(TestResult), max_size=6)


def judge(*results: TestResult) -> Result:
    told = [outcome(result) for result in results]
    return judge_requirement(requirement(), "bench", told).result


def first_false_then_unclear_then_true(results: list[TestResult]) -> Result:
    if not results:
        return Result.NOT_RUN
    if TestResult.FAIL in results:
        return Result.FAIL
    if {TestResult.ERROR, TestResult.INCONCLUSIVE} & set(results):
        return Result.INCONCLUSIVE
    return Result.PASS


def test_all_passed_is_a_pass() -> None:
    assert judge(TestResult.PASS, TestResult.PASS) is Result.PASS


def test_one_failure_outweighs_everything() -> None:
    everything = (TestResult.PASS, TestResult.ERROR, TestResult.INCONCLUSIVE, TestResult.FAIL)

    assert judge(*everything) is Result.FAIL


def test_a_pass_does_not_outweigh_what_could_not_be_established() -> None:
    assert judge(TestResult.PASS, TestResult.INCONCLUSIVE) is Result.INCONCLUSIVE


def test_an_error_of_the_suite_is_never_a_failure_of_the_driver() -> None:
    assert judge(TestResult.ERROR) is Result.INCONCLUSIVE


def test_a_requirement_whose_tests_did_not_run_is_not_run_and_says_so() -> None:
    found = judge_requirement(requirement(), "bench", [])

    assert (found.result, found.reason) == (Result.NOT_RUN, "its tests did not run")


@given(RESULTS)
def test_the_result_depends_only_on_which_results_occur(results: list[TestResult]) -> None:
    assert judge(*results) is first_false_then_unclear_then_true(results)


@given(RESULTS, st.randoms(use_true_random=False))
def test_the_order_of_tests_changes_nothing(results: list[TestResult], chance: object) -> None:
    shuffled = list(results)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis gives a random.Random

    assert judge(*shuffled) is judge(*results)


@given(RESULTS, st.sampled_from([TestResult.FAIL, TestResult.ERROR, TestResult.INCONCLUSIVE]))
def test_nothing_bad_makes_a_requirement_pass(results: list[TestResult], bad: TestResult) -> None:
    assert judge(*results, bad) is not Result.PASS


def test_an_error_explains_more_than_what_followed_from_it() -> None:
    told = [
        outcome(TestResult.INCONCLUSIVE, seen="the driver was not ready"),
        outcome(TestResult.ERROR, seen="KeyError: 'uid'\nand more"),
    ]

    found = judge_requirement(requirement(), "bench", told)

    assert found.reason == "the suite erred: KeyError: 'uid'"


def test_the_reason_of_an_inconclusive_test_is_told_in_one_line() -> None:
    told = [outcome(TestResult.INCONCLUSIVE, seen="no device was free\nwaited 3 s")]

    assert judge_requirement(requirement(), "bench", told).reason == "no device was free"


def test_an_inconclusive_test_that_says_nothing_still_has_a_reason() -> None:
    told = [outcome(TestResult.INCONCLUSIVE, seen="")]

    assert judge_requirement(requirement(), "bench", told).reason == "no reason was given"


def test_an_admitted_failure_is_known_and_carries_reason_and_link() -> None:
    told = [outcome(TestResult.FAIL)]

    found = judge_requirement(requirement(), "bench", told, [admission()])

    assert found.result is Result.KNOWN_FAILURE
    assert (found.reason, found.link) == ("it forgets", "https://example.com/1")


def test_an_admission_holds_only_at_its_heights() -> None:
    told = [outcome(TestResult.FAIL)]

    found = judge_requirement(requirement(), "bench", told, [admission("PRE-01", "cluster")])

    assert found.result is Result.FAIL


def test_an_admission_of_another_requirement_changes_nothing() -> None:
    told = [outcome(TestResult.FAIL)]

    assert judge_requirement(requirement(), "bench", told, [admission("PRE-02")]).result == "fail"


@given(RESULTS)
def test_an_admission_changes_nothing_but_failures(results: list[TestResult]) -> None:
    told: list[TestOutcome] = [outcome(result) for result in results]

    found = judge_requirement(requirement(), "bench", told, [admission()]).result

    plain = judge(*results)
    assert found is (Result.KNOWN_FAILURE if plain is Result.FAIL else plain)


def test_every_outcome_is_kept_and_their_time_added_up() -> None:
    told = [outcome(TestResult.PASS, seconds=0.5), outcome(TestResult.FAIL, seconds=1.25)]

    found = judge_requirement(requirement(), "bench", told)

    assert found.outcomes == tuple(told)
    assert found.seconds == 1.75
