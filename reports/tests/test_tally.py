"""One sentence says why the verdict is what it is, and no more than was found."""

import pytest

from drawplate.reports.model import Finding, Result, Run, Verdict
from drawplate.reports.tally import heights, sentence, tally
from drawplate.reports.tests.builders import STARTED, make_report, make_result

PASSES = [make_result(id=f"A{number}") for number in range(3)]


def test_a_requirement_is_met_only_if_it_is_met_at_every_height() -> None:
    report = make_report(make_result(), make_result(Result.FAIL, height="cluster"))

    assert tally(report, "MUST") == {Result.FAIL: 1}


def test_a_requirement_that_applies_at_one_height_applies() -> None:
    report = make_report(make_result(), make_result(Result.NOT_APPLICABLE, height="cluster"))

    assert tally(report, "MUST") == {Result.PASS: 1}


def test_heights_stand_in_their_order() -> None:
    report = make_report(make_result(height="cluster"), make_result(id="A1"))

    assert heights(report) == ("bench", "cluster")


def test_a_conformant_report_says_where_it_was_shown() -> None:
    told = sentence(make_report(*PASSES, verdict=Verdict.CONFORMANT))

    assert told == ("All 3 MUST requirements that apply to this driver were met, at the bench.")


def test_a_conformant_report_says_how_much_it_could_not_try() -> None:
    distant = [
        make_result(Result.NOT_APPLICABLE, id=f"B{n}", height="cluster", out_of_reach=True)
        for n in range(2)
    ]
    # Judged at the other height.
    judged = make_result(Result.NOT_APPLICABLE, id="A1", height="cluster", out_of_reach=True)
    absent = make_result(Result.NOT_APPLICABLE, id="C1")
    report = make_report(*PASSES, *distant, judged, absent, verdict=Verdict.CONFORMANT)

    assert sentence(report) == (
        "All 3 MUST requirements within reach of this run were met, at the bench and in the "
        "cluster; 2 more could not be tried here."
    )


@pytest.mark.parametrize(
    ("extra", "told"),
    [
        ([Result.FAIL], "1 of 4 MUST requirements was not met."),
        ([Result.FAIL, Result.FAIL], "2 of 5 MUST requirements were not met."),
        (
            [Result.KNOWN_FAILURE],
            "1 of 4 MUST requirements was not met, as the driver's profile admits.",
        ),
        (
            [Result.FAIL, Result.KNOWN_FAILURE],
            "2 of 5 MUST requirements were not met; the driver's profile admits 1 of them.",
        ),
    ],
)
def test_a_failed_report_counts_what_was_not_met(extra: list[Result], told: str) -> None:
    failed = [make_result(result, id=f"B{n}") for n, result in enumerate(extra)]

    assert sentence(make_report(*PASSES, *failed, verdict=Verdict.NOT_CONFORMANT)) == told


def test_a_finding_alone_can_be_the_reason() -> None:
    finding = Finding(title="A known failure passes.", affects_verdict=True)
    report = make_report(*PASSES, verdict=Verdict.NOT_CONFORMANT, findings=(finding,))

    assert sentence(report) == "A known failure passes."


def test_a_run_that_tested_nothing_says_so() -> None:
    absent = make_result(Result.NOT_APPLICABLE)

    assert sentence(make_report()) == "No MUST requirement was tested."
    assert sentence(make_report(absent)) == "No MUST requirement was tested."


def test_what_could_not_be_judged_is_counted() -> None:
    unclear = make_result(Result.INCONCLUSIVE)

    assert sentence(make_report(*PASSES, unclear)) == (
        "1 of 4 MUST requirements could not be judged."
    )


@pytest.mark.parametrize(
    ("state", "how"), [("interrupted", "was interrupted"), ("running", "did not come to its end")]
)
def test_a_run_without_an_end_says_how_far_it_came(state: str, how: str) -> None:
    run = Run.model_validate({"command": "x", "started": STARTED, "state": state})
    report = make_report(*PASSES, make_result(Result.NOT_RUN), run=run)

    assert sentence(report) == f"The run {how}: 3 MUST requirements had been judged."
