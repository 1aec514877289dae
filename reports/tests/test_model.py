"""The report cannot contradict itself, and cannot be broken by what strangers write."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from drawplate.reports.model import Finding, Report, Result, TestResult, TestRun, Verdict
from drawplate.reports.tests.builders import STARTED, make_report, make_result


def test_a_report_is_read_back_as_it_was_written() -> None:
    report = make_report(make_result(Result.FAIL), make_result(id="SLC-01", height="cluster"))

    assert Report.model_validate_json(report.model_dump_json()) == report


@pytest.mark.parametrize(
    ("verdict", "code"),
    [(Verdict.CONFORMANT, 0), (Verdict.NOT_CONFORMANT, 1), (Verdict.INCONCLUSIVE, 2)],
)
def test_the_exit_code_is_that_of_the_verdict(verdict: Verdict, code: int) -> None:
    assert make_report(make_result(), verdict=verdict).exit_code == code


def test_a_report_without_results_is_inconclusive() -> None:
    assert make_report().verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    "results",
    [
        [],
        [make_result(level="SHOULD")],
        [make_result(Result.NOT_APPLICABLE)],
        [make_result(), make_result(Result.FAIL, height="cluster")],
        [make_result(), make_result(Result.INCONCLUSIVE, height="cluster")],
    ],
)
def test_what_was_not_established_cannot_be_called_conformant(results: list[Any]) -> None:
    with pytest.raises(ValidationError, match="cannot be conformant"):
        make_report(*results, verdict=Verdict.CONFORMANT)


def test_a_run_that_did_not_end_cannot_be_called_conformant() -> None:
    run = {"command": "x", "started": STARTED, "state": "interrupted"}

    with pytest.raises(ValidationError, match="only a finished run"):
        make_report(make_result(), verdict=Verdict.CONFORMANT, run=run)


def test_a_finding_against_the_driver_excludes_conformance() -> None:
    finding = Finding(title="a known failure passes", affects_verdict=True)

    with pytest.raises(ValidationError, match="finding against the driver"):
        make_report(make_result(), verdict=Verdict.CONFORMANT, findings=(finding,))


def test_a_failed_should_leaves_a_driver_conformant() -> None:
    advice = make_result(Result.FAIL, id="SLC-21", level="SHOULD")

    assert make_report(make_result(), advice, verdict=Verdict.CONFORMANT).exit_code == 0


def test_counts_tell_each_result_of_each_height_and_level() -> None:
    report = make_report(
        make_result(), make_result(Result.FAIL, id="A1"), make_result(id="A2", level="SHOULD")
    )

    assert report.counts["bench"]["MUST"][Result.PASS] == 1
    assert report.counts["bench"]["MUST"][Result.FAIL] == 1
    assert report.counts["bench"]["SHOULD"][Result.PASS] == 1
    assert "cluster" not in report.counts


def test_counts_that_were_changed_by_hand_are_refused() -> None:
    raw = json.loads(make_report(make_result()).model_dump_json())
    raw["counts"]["bench"]["MUST"]["pass"] = 2

    with pytest.raises(ValidationError, match="counts"):
        Report.model_validate_json(json.dumps(raw))


def test_one_requirement_stands_once_at_one_height() -> None:
    with pytest.raises(ValidationError, match="twice"):
        make_report(make_result(), make_result(Result.FAIL))


@pytest.mark.parametrize(
    "result", [Result.INCONCLUSIVE, Result.NOT_APPLICABLE, Result.KNOWN_FAILURE]
)
def test_what_neither_passed_nor_failed_needs_a_reason(result: Result) -> None:
    with pytest.raises(ValidationError, match="without a reason"):
        make_result(result, reason="")


@pytest.mark.parametrize("result", [Result.FAIL, Result.KNOWN_FAILURE])
def test_a_failure_needs_a_test_that_failed(result: Result) -> None:
    with pytest.raises(ValidationError, match="without a failed test"):
        make_result(result, tests=())


def test_a_failed_test_says_what_was_required_and_seen() -> None:
    with pytest.raises(ValidationError, match="without saying"):
        TestRun(id="x", result=TestResult.FAIL, seconds=0)


@pytest.mark.parametrize("path", ["/etc/passwd", "../secrets", "evidence/../../x", "", "a\0b"])
def test_evidence_lies_in_the_report_folder(path: str) -> None:
    with pytest.raises(ValidationError):
        make_result(evidence=(path,))


@pytest.mark.parametrize("name", ["<b>", "A B", "", "A#1"])
def test_an_id_is_safe_in_an_anchor(name: str) -> None:
    with pytest.raises(ValidationError):
        make_result(id=name)


def test_unknown_keys_are_refused() -> None:
    with pytest.raises(ValidationError, match="extra"):
        make_result(resutl="pass")


def test_broken_bytes_of_a_driver_do_not_stop_the_report() -> None:
    printed = b"broken \xff byte".decode("utf-8", "surrogateescape")

    assert "broken \\udcff byte" in make_result(reason=printed).model_dump_json().replace(
        "\\\\", "\\"
    )


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf")])
def test_a_duration_is_a_number_that_json_has(seconds: float) -> None:
    with pytest.raises(ValidationError):
        make_result(seconds=seconds)
