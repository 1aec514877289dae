"""From judgements to the records of a report."""

from pathlib import Path

import pytest

from drawplate.conformance.run import reporting
from drawplate.conformance.run.reporting import describe_suite, stale_findings, to_record
from drawplate.conformance.selftest.verdict.samples import admission, outcome, requirement
from drawplate.conformance.verdict.judge import judge_requirement
from drawplate.conformance.verdict.outcomes import Result, TestResult


@pytest.fixture
def evidence(tmp_path: Path) -> Path:
    folder = tmp_path / "evidence" / "PRE-01" / "bench" / "test_it"
    folder.mkdir(parents=True)
    (folder / "calls.jsonl").write_text("{}\n", encoding="utf-8")
    return folder


def test_a_failure_is_told_as_required_seen_where_and_what_to_do(
    tmp_path: Path, evidence: Path
) -> None:
    told = outcome(
        TestResult.FAIL,
        seen="gpu-1",
        where="suites/test_it.py:7 in test_it",
        evidence=str(evidence),
    )

    record = to_record(judge_requirement(requirement(), "bench", [told]), tmp_path)

    (test,) = record.tests
    assert test.failure
    assert test.failure.required == requirement().text
    assert test.failure.seen == "gpu-1"
    assert test.failure.where == ("suites/test_it.py:7 in test_it; evidence/PRE-01/bench/test_it")
    assert test.failure.hint == requirement().hint
    assert record.result is Result.FAIL
    assert record.evidence == ("evidence/PRE-01/bench/test_it/calls.jsonl",)


def test_a_pass_has_evidence_and_no_failure(tmp_path: Path, evidence: Path) -> None:
    told = outcome(TestResult.PASS, evidence=str(evidence))

    record = to_record(judge_requirement(requirement(), "bench", [told]), tmp_path)

    assert record.tests[0].failure is None
    assert record.evidence == ("evidence/PRE-01/bench/test_it/calls.jsonl",)
    assert (record.source, record.mutants) == (requirement().source, requirement().mutants)


def test_evidence_elsewhere_is_not_in_the_report(tmp_path: Path, evidence: Path) -> None:
    told = outcome(TestResult.FAIL, seen="gpu-1", where="test_it.py:7", evidence=str(evidence))

    record = to_record(judge_requirement(requirement(), "bench", [told]), tmp_path / "other")

    assert record.evidence == ()
    assert record.tests[0].failure
    assert record.tests[0].failure.where == "test_it.py:7"


def test_a_known_failure_carries_reason_and_link(tmp_path: Path) -> None:
    told = outcome(TestResult.FAIL)
    found = judge_requirement(requirement(), "bench", [told], [admission()])

    record = to_record(found, tmp_path)

    assert (record.reason, record.link) == ("it forgets", "https://example.com/1")


def test_a_known_failure_that_passes_is_a_finding_against_the_driver() -> None:
    (finding,) = stale_findings([admission()])

    assert finding.affects_verdict
    assert finding.requirement == "PRE-01"
    assert "it forgets" in finding.detail


def test_the_suite_is_described_by_digests_that_follow_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "requirements").mkdir()
    (tmp_path / "__pycache__").mkdir()
    monkeypatch.setattr(reporting, "files", lambda _package: tmp_path)
    digests = []
    for name, text in (
        ("one.py", "1"),
        ("one.py", "2"),
        ("two.py", "2"),
        ("__pycache__/one.pyc", "2"),
    ):
        (tmp_path / name).write_text(text, encoding="utf-8")
        digests.append(describe_suite().digest)

    assert all(digest.startswith("sha256:") for digest in digests)
    assert len(set(digests)) == 3
    assert digests[2] == digests[3]
