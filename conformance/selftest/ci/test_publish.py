"""What a run in CI hands on to the steps after it."""

from pathlib import Path

import pytest

from drawplate.conformance.ci.publish import publish
from drawplate.reports.folder import write
from drawplate.reports.model import Report, Result, Verdict
from drawplate.reports.tests.builders import make_report, make_result


def reported(folder: Path, report: Report) -> Path:
    write(folder / "report.json", report.model_dump_json())
    return folder


def test_the_values_are_those_of_the_report(tmp_path: Path) -> None:
    results = [
        make_result(),
        make_result(id="PRE-08"),
        make_result(Result.FAIL, id="PRE-09"),
        make_result(Result.FAIL, id="PRE-10", level="SHOULD"),
        make_result(Result.KNOWN_FAILURE, id="PRE-11"),
    ]
    folder = reported(tmp_path, make_report(*results, verdict=Verdict.NOT_CONFORMANT))

    values = publish(folder, 1, {})

    assert values["exit-code"] == "1"
    assert values["verdict"] == "not conformant"
    assert values["report"] == str(tmp_path)
    assert (values["passed"], values["failed"], values["known-failures"]) == ("2", "1", "1")
    assert values["junit"] == "", "there is none in this folder"


def test_a_requirement_of_two_heights_is_counted_once(tmp_path: Path) -> None:
    results = [make_result(), make_result(Result.FAIL, height="cluster")]
    folder = reported(tmp_path, make_report(*results, verdict=Verdict.NOT_CONFORMANT))

    values = publish(folder, 1, {})

    assert (values["passed"], values["failed"]) == ("0", "1")


def test_github_gets_values_and_page_behind_what_is_there(tmp_path: Path) -> None:
    folder = tmp_path / "report"
    folder.mkdir()
    reported(folder, make_report(make_result(), verdict=Verdict.CONFORMANT))
    given, page = tmp_path / "output", tmp_path / "summary"
    given.write_text("before=1\n", encoding="utf-8")

    values = publish(folder, 0, {"GITHUB_OUTPUT": str(given), "GITHUB_STEP_SUMMARY": str(page)})

    lines = given.read_text(encoding="utf-8").splitlines()
    assert lines == ["before=1", *(f"{name}={value}" for name, value in values.items())]
    assert page.read_text(encoding="utf-8") == (folder / "summary.md").read_text(encoding="utf-8")
    assert "CONFORMANT" in page.read_text(encoding="utf-8")


def test_no_value_is_a_strangers_text(tmp_path: Path) -> None:
    report = make_report(make_result(Result.FAIL, text="x\nverdict=conformant"))
    given = tmp_path / "output"

    publish(reported(tmp_path, report), 2, {"GITHUB_OUTPUT": str(given)})

    assert given.read_text(encoding="utf-8").count("verdict=") == 1
    assert "verdict=inconclusive\n" in given.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("code", "title"),
    [(3, "Set-up problem"), (4, "Error of the suite"), (130, "Interrupted")],
)
def test_without_a_report_the_page_shows_the_end_of_the_log(
    tmp_path: Path, code: int, title: str
) -> None:
    log = [f"line {number}" for number in range(50)] + ["", "drawplate: </pre> no docker"]
    (tmp_path / "certify.log").write_text("\n".join(log), encoding="utf-8")

    values = publish(tmp_path, code, {})

    page = (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert title in page.splitlines()[0]
    assert f"exit code {code}" in page.splitlines()[0]
    assert "drawplate: &lt;/pre&gt; no docker" in page
    assert "line 49" in page
    assert "line 1\n" not in page
    assert (values["verdict"], values["passed"], values["junit"]) == ("", "", "")
