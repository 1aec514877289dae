"""Evidence on the page is bounded, readable, and never from outside the report's folder."""

import json
from pathlib import Path

import pytest

from drawplate.reports.html.calls import call_rows
from drawplate.reports.html.excerpts import Excerpt, Excerpts
from drawplate.reports.html.page import render_page
from drawplate.reports.model import Result
from drawplate.reports.tests.builders import make_failure, make_report, make_result
from drawplate.reports.tests.page_tree import Page


def _calls(number: int) -> str:
    return "".join(
        json.dumps({"time": n, "method": "/x.DRAPlugin/Prepare", "request": {"n": n}}) + "\n"
        for n in range(number)
    )


def _excerpts(folder: Path, *names: str, where: str = "", characters: int = 10**6) -> list[Excerpt]:
    entry = make_result(Result.FAIL, evidence=names, tests=(make_failure(where=where),))
    return list(Excerpts(folder, characters=characters).of(entry))


def test_the_first_and_the_last_calls_are_shown_when_none_is_cited() -> None:
    rows = call_rows(_calls(100), [])

    assert [row.line for row in rows] == [1, 2, 97, 98, 99, 100]
    assert [row.skipped for row in rows if row.skipped] == [94]


def test_a_few_calls_are_shown_whole() -> None:
    assert [row.line for row in call_rows(_calls(6), [])] == [1, 2, 3, 4, 5, 6]


def test_cited_calls_are_shown_with_their_neighbours() -> None:
    rows = call_rows(_calls(100), [50, 90])

    assert [row.line for row in rows] == [48, 49, 50, 51, 52, 88, 89, 90, 91, 92]
    assert [row.line for row in rows if row.cited] == [50, 90]
    assert [row.skipped for row in rows if row.skipped] == [47, 35]


def test_a_call_is_shown_without_the_noise_of_json() -> None:
    uid = "6d0e13a4-0000-4000-8000-000000000000"
    call = {
        "time": "2026-11-23T12:00:01.5Z",
        "method": "/a.B/Prepare",
        "request": {"claims": [{"uid": uid}]},
        "reply": None,
        "status": "UNAVAILABLE",
        "error": "socket closed",
        "seconds": 0.00125,
    }
    (row,) = call_rows(json.dumps(call), [])

    assert (row.method, row.request, row.reply) == ("Prepare", "claims: [{uid: 6d0e13a4…}]", "")
    assert (row.at, row.error, row.took) == ("+0.000", "UNAVAILABLE: socket closed", "1.2")


@pytest.mark.parametrize(
    "text", ["", "not json\n", "[1]\n", '{"a": 1}\n', "[" * 100_000, '{"method": ' + "[" * 9000]
)
def test_what_holds_no_calls_gives_no_rows(text: str) -> None:
    assert call_rows(text, []) == ()


def test_a_deep_message_is_cut_in_depth() -> None:
    deep = '{"a":' * 500 + "1" + "}" * 500
    (row,) = call_rows(f'{{"method": "x", "request": {deep}}}', [])

    assert "…" in row.request


def test_a_torn_line_keeps_the_numbers_of_the_others() -> None:
    rows = call_rows('{"method": "a"}\n{"meth\n{"method": "c\u2028"}\n', [])

    assert [row.line for row in rows] == [1, 3]


def test_cited_evidence_comes_first(tmp_path: Path) -> None:
    for name in ("a.txt", "calls.jsonl"):
        (tmp_path / name).write_text(_calls(3))

    shown = _excerpts(tmp_path, "a.txt", "calls.jsonl", where="calls.jsonl:2")

    assert [excerpt.path for excerpt in shown] == ["calls.jsonl", "a.txt"]
    assert shown[0].cited


def test_json_is_laid_out(tmp_path: Path) -> None:
    (tmp_path / "claim.json").write_text('{"a":{"b":1}}')

    (shown,) = _excerpts(tmp_path, "claim.json")
    assert shown.text == '{\n  "a": {\n    "b": 1\n  }\n}'


def test_of_a_log_the_end_is_shown(tmp_path: Path) -> None:
    (tmp_path / "driver.log").write_text("".join(f"line {n}\n" for n in range(10_000)))

    (shown,) = _excerpts(tmp_path, "driver.log")
    assert shown.text.splitlines()[-1] == "line 9999"
    assert len(shown.text.splitlines()) == 40
    assert shown.note == "last 40 lines"


def test_of_a_document_the_beginning_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("".join(f"line {n}\n" for n in range(500)))

    (shown,) = _excerpts(tmp_path, "a.yaml")
    assert shown.text.splitlines()[0] == "line 0"
    assert shown.note == "beginning of 500 lines"


def test_binary_evidence_is_named_and_not_shown(tmp_path: Path) -> None:
    (tmp_path / "state.db").write_bytes(b"\x7fELF\0\0")

    (shown,) = _excerpts(tmp_path, "state.db")
    assert (shown.text, shown.note) == ("", "binary, 6 bytes")


def test_missing_evidence_is_said_to_be_missing(tmp_path: Path) -> None:
    (shown,) = _excerpts(tmp_path, "gone.log")

    assert shown.note == "missing from the report's folder"


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "link.txt").symlink_to(tmp_path / "secret")

    (shown,) = _excerpts(tmp_path / "report", "link.txt")
    assert shown.text == ""


def test_a_page_has_room_for_so_much_evidence_and_says_what_is_left_out(tmp_path: Path) -> None:
    names = [f"{n}.txt" for n in range(4)]
    for name in names:
        (tmp_path / name).write_text("x" * 5000)

    shown = _excerpts(tmp_path, *names, characters=6000)

    assert [bool(excerpt.text) for excerpt in shown] == [True, True, False, False]
    assert shown[-1].note == "not shown here"


def test_a_flood_of_evidence_and_text_leaves_a_page_that_opens(tmp_path: Path) -> None:
    with (tmp_path / "driver.log").open("wb") as log:
        log.truncate(300 * 1024 * 1024)
        log.seek(0, 2)
        log.write(b"the end\n")
    (tmp_path / "calls.jsonl").write_text(_calls(50_000))
    test = make_failure(seen="y" * 3_000_000, where="calls.jsonl:1-9999999")
    entry = make_result(Result.FAIL, evidence=("driver.log", "calls.jsonl"), tests=(test,))

    text = render_page(make_report(entry), tmp_path)

    assert Page(text).faults == []
    assert len(text) < 200_000


def test_names_of_evidence_are_safe_in_links(tmp_path: Path) -> None:
    name = 'evidence/a b#"<x>?.txt'
    (tmp_path / "evidence").mkdir()
    (tmp_path / name).write_text("text")

    (shown,) = _excerpts(tmp_path, name)
    assert shown.href == "evidence/a%20b%23%22%3Cx%3E%3F.txt"
    assert shown.text == "text"
