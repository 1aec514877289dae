"""The end of a run as a few lines: for a terminal with colour, elsewhere as plain text."""

from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from drawplate.reports.folder import PAGE
from drawplate.reports.model import Level, Report, RequirementResult, Result, TestRun, Verdict
from drawplate.reports.plain import clip, duration, visible
from drawplate.reports.tally import PLACES, heights, sentence

_MARKS = {
    Result.PASS: ("✓", "green"),
    Result.FAIL: ("✕", "red"),
    Result.KNOWN_FAILURE: ("◆", "magenta"),
    Result.INCONCLUSIVE: ("?", "yellow"),
    Result.NOT_APPLICABLE: ("-", "bright_black"),
    Result.NOT_RUN: ("·", "bright_black"),
}
# A SHOULD that failed must not look like what makes a driver not conformant.
_ADVICE = ("!", "yellow")
_STYLES = {
    Verdict.CONFORMANT: "bold green",
    Verdict.NOT_CONFORMANT: "bold red",
    Verdict.INCONCLUSIVE: "bold yellow",
}
_LEVELS: tuple[Level, ...] = ("MUST", "SHOULD")
# One part of a failure; the whole text stands in the report.
_PART = 400
# A log has no margin: what is on one line can be searched for.
_LOG_WIDTH = 10_000


def print_summary(report: Report, folder: Path, stream: TextIO) -> None:
    """Print verdict, counts, failures and where the report lies.

    Everything that did not pass is told in full; what passed is only counted.
    """
    width = None if stream.isatty() else _LOG_WIDTH
    console = Console(file=stream, width=width, highlight=False)
    with console.capture() as capture:
        _print_failures(console, report)
        if report.requirements:
            console.print()
            console.print(_counts(report))
        console.print()
        _print_verdict(console, report)
        console.print(_line("report", str(folder / PAGE)))
        console.print(_line("repeat", report.run.command))
    # A stream may know fewer characters than we write; that must not hide the verdict.
    encoding = stream.encoding or "utf-8"
    stream.write(capture.get().encode(encoding, "replace").decode(encoding))


def _line(name: str, value: str) -> Text:
    return Text.assemble((f"{name:9}", "bright_black"), visible(value))


def _print_verdict(console: Console, report: Report) -> None:
    driver = f"{report.driver.name} {report.driver.version}".strip()
    verdict = str(report.verdict).upper()
    console.print(
        Text.assemble((verdict, _STYLES[report.verdict]), "  ", (visible(driver), "bold"))
    )
    took = f" ({duration(report.run.seconds)})" if report.run.seconds is not None else ""
    console.print(Text(f"{visible(sentence(report))}{took}"))
    if report.verdict is Verdict.CONFORMANT:
        return
    for reason in report.reasons:
        console.print(Text(f"- {clip(visible(reason), _PART)}"))


def _counts(report: Report) -> Table:
    occurring = [
        result
        for result in _MARKS
        if any(n[result] for levels in report.counts.values() for n in levels.values())
    ]
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bright_black")
    table.add_column("")
    for result in occurring:
        table.add_column(f"{_MARKS[result][0]} {result}", justify="right", no_wrap=True)
    for height in heights(report):
        for level in _LEVELS:
            counts = report.counts[height][level]
            cells = [_number(counts[result], result) for result in occurring]
            if any(counts.values()):
                table.add_row(f"{height} {level}", *cells)
    return table


def _number(number: int, result: Result) -> Text:
    return Text(str(number), style=_MARKS[result][1] if number else "bright_black")


def _print_failures(console: Console, report: Report) -> None:
    for result in (Result.KNOWN_FAILURE, Result.INCONCLUSIVE, Result.FAIL):
        for entry in report.requirements:
            if entry.result is result:
                _print_entry(console, entry)
    for finding in report.findings:
        if finding.affects_verdict:
            console.print(Text.assemble(("✕ ", "red"), (visible(finding.title), "bold")))
            if finding.detail:
                console.print(_part("seen", finding.detail))


def _print_entry(console: Console, entry: RequirementResult) -> None:
    is_advice = entry.level == "SHOULD" and entry.result is Result.FAIL
    mark, colour = _ADVICE if is_advice else _MARKS[entry.result]
    told = f" {entry.level} {PLACES[entry.height]}: {visible(entry.text)}"
    console.print(Text.assemble((f"{mark} {entry.id}", f"bold {colour}"), told))
    if entry.reason:
        console.print(_part("reason", " ".join(filter(None, (entry.reason, entry.link)))))
    for test in entry.tests:
        if entry.result is not Result.KNOWN_FAILURE:
            _print_test(console, test, entry.text)


def _print_test(console: Console, test: TestRun, sentence_above: str) -> None:
    if test.failure is None:
        return
    required = test.failure.required
    for name, text in (
        ("required", "" if required == sentence_above else required),
        ("seen", test.failure.seen),
        ("where", test.failure.where),
        ("to do", test.failure.hint),
    ):
        if text:
            console.print(_part(name, text))


def _part(name: str, text: str) -> Padding:
    folded = clip(" ".join(visible(text).split()), _PART)
    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=9, style="bright_black")
    grid.add_column(overflow="fold")
    grid.add_row(name, Text(folded))
    return Padding(grid, (0, 0, 0, 2), expand=False)
