"""The tale of a run: a line for each test, a second one for what went wrong."""

import io

from drawplate.conformance.run.narration import LONGEST, Narration
from drawplate.conformance.selftest.verdict.samples import outcome
from drawplate.conformance.verdict.outcomes import TestOutcome, TestResult
from drawplate.fixtures.progress import Progress


def tell(*outcomes: TestOutcome) -> list[str]:
    stream = io.StringIO()
    narration = Narration(Progress(stream), [("PRE-01", "bench"), ("PRE-02", "bench")])
    for each in outcomes:
        narration.tell(each)
    return [line.partition("] ")[2] for line in stream.getvalue().splitlines()]


def test_a_pass_is_one_line_with_count_height_requirement_and_time() -> None:
    (line,) = tell(outcome(TestResult.PASS, seconds=1.25))

    assert line.split() == ["1/2", "bench", "PRE-01", "pass", "1.25", "s", "test_pass"]


def test_what_went_wrong_follows_on_a_line_of_its_own() -> None:
    first, second = tell(outcome(TestResult.FAIL, seen="one\n  is not\ttwo"))

    assert " FAIL " in first
    assert second.strip() == "one is not two"


def test_a_long_text_is_cut_and_says_so() -> None:
    _, line = tell(outcome(TestResult.ERROR, seen="x" * 1000))

    assert line.strip() == "x" * LONGEST + "…"


def test_a_second_test_of_a_requirement_does_not_count_twice() -> None:
    told = tell(
        outcome(TestResult.PASS), outcome(TestResult.PASS), outcome(TestResult.PASS, "PRE-02")
    )

    assert [line.split()[0] for line in told] == ["1/2", "1/2", "2/2"]


def test_every_result_has_a_word() -> None:
    words = {
        tell(outcome(result))[0].split("0.50")[0].split("PRE-01")[1].strip()
        for result in TestResult
    }

    assert words == {"pass", "FAIL", "inconclusive", "ERROR of the suite"}
