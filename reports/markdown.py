"""A report as Markdown of one page: for the summary of a CI job, or a comment on a change.

`python -m drawplate.reports.markdown REPORT` prints it, for a `report.json` or its folder.
"""

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from drawplate.emulators.problems import Problem
from drawplate.reports.model import Level, Report, RequirementResult, Result, Verdict
from drawplate.reports.plain import clip, duration, visible
from drawplate.reports.reading import read
from drawplate.reports.tally import PLACES, heights, sentence

_LEVELS: tuple[Level, ...] = ("MUST", "SHOULD")
# What did not pass, gravest first; the last two are folded away.
_CHAPTERS = (
    (Result.FAIL, "MUST", "Not met"),
    (Result.INCONCLUSIVE, "MUST", "Could not be judged"),
    (Result.KNOWN_FAILURE, "MUST", "Known failures"),
    (Result.FAIL, "SHOULD", "Recommended and not met"),
)
_OPEN = {"Not met", "Could not be judged"}
# CI systems refuse or cut long pages (GitHub: 1 MiB for one step); the report has everything.
_ENTRIES = 50
_PART = 400
_MARKS = {Verdict.CONFORMANT: "✅", Verdict.NOT_CONFORMANT: "❌", Verdict.INCONCLUSIVE: "❔"}
# What can be markup within a line: in CommonMark, HTML, and GitHub's tables, links and emoji.
_MARKUP = re.compile(r"[\\`*_{}\[\]<>#!|~&$:@]")


def render_markdown(report: Report) -> str:
    """Give verdict, counts and all that did not pass, as Markdown that GitHub and GitLab show."""
    blocks = [
        f"### {_MARKS[report.verdict]} {str(report.verdict).upper()} {_code(_driver(report))}",
        _sentence(report),
        *_reasons(report),
        *_counts(report),
        *_findings(report),
    ]
    for result, level, title in _CHAPTERS:
        entries = [e for e in report.requirements if (e.result, e.level) == (result, level)]
        blocks += _chapter(title, entries)
    return "\n\n".join([*blocks, _origin(report)]) + "\n"


def literal(text: str) -> str:
    """Give a stranger's text as one line of Markdown that shows it and obeys none of it."""
    folded = clip(" ".join(visible(text).split()), _PART)
    # An entity is never read as markup.
    return _MARKUP.sub(lambda match: f"&#{ord(match.group())};", folded)


def _code(text: str) -> str:
    # In HTML's element nothing is a link or a mention, and any character may stand.
    return f"<code>{literal(text)}</code>"


def _driver(report: Report) -> str:
    return f"{report.driver.name} {report.driver.version}".strip()


def _sentence(report: Report) -> str:
    took = f" ({duration(report.run.seconds)})" if report.run.seconds is not None else ""
    return f"{literal(sentence(report))}{took}"


def _reasons(report: Report) -> list[str]:
    if report.verdict is Verdict.CONFORMANT or not report.reasons:
        return []
    return ["\n".join(f"- {literal(reason)}" for reason in report.reasons)]


def _counts(report: Report) -> Iterator[str]:
    rows = [
        (f"{height} {level}", report.counts[height][level])
        for height in heights(report)
        for level in _LEVELS
        if any(report.counts[height][level].values())
    ]
    occurring = [result for result in Result if any(counts[result] for _, counts in rows)]
    if not rows:
        return
    lines = [("", *map(str, occurring)), (":--", *["--:"] * len(occurring))]
    lines += [(title, *(str(counts[result]) for result in occurring)) for title, counts in rows]
    yield "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _findings(report: Report) -> Iterator[str]:
    against = [finding for finding in report.findings if finding.affects_verdict]
    if against:
        lines = [f"- {literal(f.title)}{_below('', f.detail)}" for f in against]
        yield _titled("Findings against the driver", len(against), lines, folded=False)


def _chapter(title: str, entries: Sequence[RequirementResult]) -> Iterator[str]:
    if entries:
        lines = [_entry(entry) for entry in entries[:_ENTRIES]]
        if len(entries) > _ENTRIES:
            lines.append(f"- and {len(entries) - _ENTRIES} more, in the report")
        yield _titled(title, len(entries), lines, folded=title not in _OPEN)


def _titled(title: str, number: int, lines: Iterable[str], *, folded: bool) -> str:
    body = "\n".join(lines)
    if not folded:
        return f"#### {title} ({number})\n\n{body}"
    return f"<details><summary>{title} ({number})</summary>\n\n{body}\n\n</details>"


def _entry(entry: RequirementResult) -> str:
    head = f"- **{literal(entry.id)}** {PLACES[entry.height]}: {literal(entry.text)}"
    told = _below("reason", " ".join(filter(None, (entry.reason, entry.link))))
    for failure in (test.failure for test in entry.tests):
        # Why a known failure fails is told by its reason.
        if failure and entry.result is not Result.KNOWN_FAILURE:
            told += _below("seen", failure.seen) + _below("to do", failure.hint)
    return head + told


def _below(name: str, text: str) -> str:
    if not text:
        return ""
    return f"<br>{name} {_code(text)}" if name else f"<br>{literal(text)}"


def _origin(report: Report) -> str:
    stood = (
        f"{PLACES[c.height]} Kubernetes {literal(c.kubernetes)}, provider {literal(c.provider)}"
        + (f", {c.nodes} node{'' if c.nodes == 1 else 's'}" if c.nodes else "")
        + f", gates {literal(c.gates)}"
        for c in report.clusters
    )
    parts = (*stood, f"profile {_code(report.driver.profile)}")
    return f"<sub>{'; '.join(parts)}. Again: {_code(report.run.command)}</sub>"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the Markdown of what the command line names; gives the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m drawplate.reports.markdown", description="Print a report as Markdown."
    )
    parser.add_argument("report", type=Path, help="a report.json, or the folder that holds it")
    try:
        print(render_markdown(read(parser.parse_args(arguments).report)), end="")
    except Problem as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
