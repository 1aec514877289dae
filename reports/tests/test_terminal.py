"""The end of a run in a terminal or a log: verdict, counts, failures, where to look."""

import io
from pathlib import Path

import pytest

from drawplate.reports.model import Report, Result, Verdict
from drawplate.reports.reading import read
from drawplate.reports.terminal import print_summary
from drawplate.reports.tests.builders import make_failure, make_report, make_result
from drawplate.reports.tests.samples import names


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _printed(report: Report, stream: io.StringIO | None = None) -> str:
    stream = stream or io.StringIO()
    print_summary(report, Path("/tmp/out"), stream)
    return stream.getvalue()


@pytest.mark.parametrize("name", names())
def test_the_summary_names_verdict_command_and_report(name: str, samples: dict[str, Path]) -> None:
    report = read(samples[name])

    printed = _printed(report)

    assert str(report.verdict).upper() in printed
    assert report.run.command in printed
    assert "/tmp/out/report.html" in printed


@pytest.mark.parametrize("name", names())
def test_plain_text_holds_no_escapes(name: str, samples: dict[str, Path]) -> None:
    printed = _printed(read(samples[name]))

    assert not [c for c in printed if ord(c) < 32 and c != "\n"]


def test_a_failure_is_told_in_four_lines_below_its_sentence() -> None:
    test = make_failure(required="R", seen="S\n  more", where="W:1", hint="H")
    printed = _printed(make_report(make_result(Result.FAIL, tests=(test,))))

    lines = [line.rstrip() for line in printed.splitlines()]
    start = lines.index("✕ PRE-07 MUST at the bench: Preparing twice returns the same devices.")
    assert [line.split(maxsplit=1) for line in lines[start + 1 : start + 4]] == [
        ["required", "R"],
        ["seen", "S more"],
        ["where", "W:1"],
    ]
    assert lines[start + 4].split() == ["to", "do", "H"]


def test_an_obligation_that_is_the_sentence_is_not_told_twice() -> None:
    sentence = "Preparing twice returns the same devices."
    entry = make_result(Result.FAIL, tests=(make_failure(required=sentence),))

    assert _printed(make_report(entry)).count(sentence) == 1


def test_a_long_message_stays_on_its_line_in_a_log() -> None:
    test = make_failure(seen="word " * 60)
    printed = _printed(make_report(make_result(Result.FAIL, tests=(test,))))

    assert "word " * 59 in printed


def test_counts_stand_by_height_level_and_result() -> None:
    results = [make_result(), make_result(id="A1"), make_result(Result.FAIL, id="A2")]
    printed = _printed(make_report(*results, verdict=Verdict.NOT_CONFORMANT))

    (row,) = [line for line in printed.splitlines() if line.startswith("bench MUST")]
    assert row.split() == ["bench", "MUST", "2", "1"]


def test_a_terminal_gets_colour() -> None:
    printed = _printed(make_report(make_result(), verdict=Verdict.CONFORMANT), _Terminal())

    assert "\x1b[" in printed


def test_a_stream_of_few_characters_gets_the_verdict_all_the_same() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)

    print_summary(make_report(make_result(Result.FAIL)), Path("/tmp/out"), stream)

    stream.seek(0)
    assert "INCONCLUSIVE  gpu.example" in stream.read()


def test_a_failed_should_does_not_look_like_a_failed_must() -> None:
    printed = _printed(make_report(make_result(Result.FAIL, level="SHOULD")))

    assert printed.startswith("! PRE-07 SHOULD")


def test_markup_of_a_driver_is_not_obeyed() -> None:
    report = make_report(make_result(Result.INCONCLUSIVE, reason="[bold]x[/] \x1b[2Jcleared"))

    assert "[bold]x[/] cleared" in _printed(report)
