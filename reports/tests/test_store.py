"""The report on disk is whole at any moment, whatever ends the run."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from drawplate.emulators.problems import SetupProblem, SuiteError
from drawplate.reports.folder import evidence_files
from drawplate.reports.model import Finding, Result, Verdict
from drawplate.reports.reading import read
from drawplate.reports.schema import published
from drawplate.reports.store import ReportWriter
from drawplate.reports.tests.builders import make_report, make_result
from drawplate.reports.tests.samples import make_faker, make_header
from drawplate.reports.tests.schema_check import faults

# Records results for ever, and tells each one when it is on disk.
ENDLESS = """
import itertools, sys
from pathlib import Path
from drawplate.reports.store import ReportWriter
from drawplate.reports.tests.builders import make_result
from drawplate.reports.tests.samples import make_faker, make_header
writer = ReportWriter(Path(sys.argv[1]), make_header(make_faker()))
for number in itertools.count():
    writer.record(make_result(id=f"A{number}"))
    print(number, flush=True)
"""


@pytest.fixture
def writer(tmp_path: Path) -> ReportWriter:
    return ReportWriter(tmp_path / "out", make_header(make_faker()))


def _raw(folder: Path) -> Any:
    return json.loads((folder / "report.json").read_text(encoding="utf-8"))


def test_the_report_is_valid_before_during_and_after_the_run(
    writer: ReportWriter, tmp_path: Path
) -> None:
    schema = json.loads(published())
    out = tmp_path / "out"

    states = [_raw(out)]
    writer.record(make_result())
    states.append(_raw(out))
    writer.finish(Verdict.CONFORMANT, ["all passed"])
    states.append(_raw(out))

    assert [faults(state, schema, schema) for state in states] == [[], [], []]
    assert [state["verdict"] for state in states] == ["inconclusive"] * 2 + ["conformant"]
    assert [state["run"]["state"] for state in states] == ["running", "running", "finished"]
    assert [len(state["requirements"]) for state in states] == [0, 1, 1]


def test_a_later_result_replaces_the_earlier_one(writer: ReportWriter, tmp_path: Path) -> None:
    writer.record(make_result())
    writer.record(make_result(Result.FAIL))

    (entry,) = _raw(tmp_path / "out")["requirements"]
    assert entry["result"] == "fail"


def test_a_result_that_is_not_new_writes_nothing(writer: ReportWriter, tmp_path: Path) -> None:
    writer.record(make_result())
    before = [path.stat() for path in sorted((tmp_path / "out").iterdir())]

    writer.record(make_result())

    assert [path.stat() for path in sorted((tmp_path / "out").iterdir())] == before


def test_results_stand_in_an_order_that_no_timing_changes(
    writer: ReportWriter, tmp_path: Path
) -> None:
    for name, height in (("P10", "bench"), ("P2", "cluster"), ("P2", "bench"), ("A-3", "bench")):
        writer.record(make_result(id=name, height=height))

    found = [(r["id"], r["height"]) for r in _raw(tmp_path / "out")["requirements"]]
    assert found == [("A-3", "bench"), ("P2", "bench"), ("P2", "cluster"), ("P10", "bench")]


def test_other_parts_can_be_learnt_later(writer: ReportWriter, tmp_path: Path) -> None:
    writer.record(make_result())
    writer.update(findings=(Finding(title="noted"),))

    raw = _raw(tmp_path / "out")
    assert [finding["title"] for finding in raw["findings"]] == ["noted"]
    assert len(raw["requirements"]) == 1


def test_an_interrupted_run_says_so(writer: ReportWriter, tmp_path: Path) -> None:
    writer.record(make_result())
    writer.finish(Verdict.INCONCLUSIVE, ["the run was interrupted"], state="interrupted")

    assert read(tmp_path / "out").run.state == "interrupted"
    assert "The run was interrupted" in (tmp_path / "out" / "report.html").read_text()


def test_a_killed_run_leaves_every_result_that_was_recorded(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(out)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) == 20:
                break
        process.kill()

    report = read(out)
    assert {f"A{number}" for number in range(21)} <= {entry.id for entry in report.requirements}
    assert report.verdict is Verdict.INCONCLUSIVE
    assert report.run.state == "running"


def test_a_torn_last_line_costs_only_itself(writer: ReportWriter, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = (out / "report.json").read_bytes()
    writer.record(make_result(id="A1"))
    writer.record(make_result(id="A2"))
    # As if the kill had come while the second line was written, before report.json was.
    (out / "report.json").write_bytes(before)
    log = out / "results.jsonl"
    log.write_bytes(log.read_bytes()[:-40])

    assert [entry.id for entry in read(out).requirements] == ["A1"]


def test_a_verdict_that_the_results_contradict_is_an_error_of_the_suite(
    writer: ReportWriter, tmp_path: Path
) -> None:
    writer.record(make_result(Result.FAIL))

    with pytest.raises(SuiteError, match="contradicts"):
        writer.finish(Verdict.CONFORMANT, ["all is well"])
    assert not (tmp_path / "out" / "report.html").exists()


def test_an_earlier_report_is_not_mixed_with_a_new_one(
    writer: ReportWriter, tmp_path: Path
) -> None:
    with pytest.raises(SetupProblem, match="earlier report") as caught:
        ReportWriter(tmp_path / "out", writer.report)

    assert "report.json" in caught.value.where
    assert "--out" in caught.value.cure


def test_replacing_a_report_removes_its_files_and_no_others(
    writer: ReportWriter, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    writer.record(make_result())
    (out / "evidence" / "old.log").write_text("old")
    (out / "mine.txt").write_text("mine")

    again = ReportWriter(out, writer.report.model_copy(update={"requirements": ()}), replace=True)

    assert again.evidence.is_dir()
    assert sorted(path.name for path in out.iterdir()) == ["evidence", "mine.txt", "report.json"]
    assert list(again.evidence.iterdir()) == []


def test_a_folder_of_somebody_else_is_never_cleared(tmp_path: Path) -> None:
    (tmp_path / "evidence").mkdir()
    (tmp_path / "evidence" / "murder.txt").write_text("weapon")
    (tmp_path / "report.json").write_text('{"format": "police.report/v1"}')

    with pytest.raises(SetupProblem, match="other files of these names"):
        ReportWriter(tmp_path, make_header(make_faker()), replace=True)
    assert (tmp_path / "evidence" / "murder.txt").exists()


def test_a_link_as_evidence_folder_is_removed_without_what_it_points_to(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "kept").write_text("kept")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.json").write_text(make_report().model_dump_json(indent=2))
    (tmp_path / "out" / "evidence").symlink_to(tmp_path / "elsewhere")

    ReportWriter(tmp_path / "out", make_header(make_faker()), replace=True)

    assert (tmp_path / "elsewhere" / "kept").exists()


def test_a_folder_that_cannot_be_made_is_a_setup_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(SetupProblem, match="cannot be written") as caught:
        ReportWriter(tmp_path / "file" / "out", make_header(make_faker()))
    assert str(tmp_path / "file") in caught.value.where


def test_a_full_disk_is_a_setup_problem_and_keeps_the_last_report(
    writer: ReportWriter, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    writer.record(make_result(id="A1"))
    before = (out / "report.json").read_bytes()
    # The next draft is written to a device that is always full.
    (out / ".report.json.draft").symlink_to("/dev/full")

    with pytest.raises(SetupProblem, match="No space left") as caught:
        writer.record(make_result(id="A2"))

    assert caught.value.cure
    assert (out / "report.json").read_bytes() == before
    assert not os.path.lexists(out / ".report.json.draft")


def test_a_full_disk_shows_when_a_result_is_logged(writer: ReportWriter, tmp_path: Path) -> None:
    (tmp_path / "out" / "results.jsonl").symlink_to("/dev/full")

    with pytest.raises(SetupProblem, match="No space left"):
        writer.record(make_result())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "no JSON"),
        ("{", "no JSON"),
        ("\xff", "no JSON"),
        ("[]", "format is None"),
        ('{"format": "drawplate.report/v9"}', "drawplate.report/v9"),
        ('{"format": "drawplate.report/v1"}', "run"),
    ],
)
def test_what_is_no_report_is_a_setup_problem(content: str, told: str, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(content, encoding="latin-1")

    with pytest.raises(SetupProblem, match=told) as caught:
        read(tmp_path)
    assert caught.value.where == str(tmp_path / "report.json")
    assert caught.value.cure


def test_a_missing_report_is_a_setup_problem(tmp_path: Path) -> None:
    with pytest.raises(SetupProblem, match="No such file"):
        read(tmp_path / "nowhere")


def test_evidence_is_named_relative_to_the_report(tmp_path: Path) -> None:
    (tmp_path / "evidence" / "PRE-07").mkdir(parents=True)
    (tmp_path / "evidence" / "PRE-07" / "calls.jsonl").write_text("{}")
    (tmp_path / "evidence" / "PRE-07" / "link").symlink_to("/etc/hostname")

    found = evidence_files(tmp_path, tmp_path / "evidence" / "PRE-07", tmp_path / "missing")

    assert found == ("evidence/PRE-07/calls.jsonl",)


def test_the_last_report_names_the_run_length(writer: ReportWriter) -> None:
    report = writer.finish(Verdict.INCONCLUSIVE, ["nothing was tested"])

    assert report.run.seconds is not None
    assert make_report().run.seconds == 0
