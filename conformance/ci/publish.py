"""What a run in CI hands on: values for later steps, and a page for the job's summary."""

from collections.abc import Mapping
from html import escape
from pathlib import Path

from drawplate.emulators.problems import SetupProblem
from drawplate.reports.folder import JUNIT, PAGE, REPORT
from drawplate.reports.markdown import render_markdown
from drawplate.reports.model import Report, Result
from drawplate.reports.plain import visible
from drawplate.reports.reading import read
from drawplate.reports.tally import tally

SUMMARY = "summary.md"
LOG = "certify.log"
OUTPUTS_VARIABLE = "GITHUB_OUTPUT"
SUMMARY_VARIABLE = "GITHUB_STEP_SUMMARY"
_TAIL = 20
_TITLES = {
    3: "Set-up problem: nothing was tested",
    130: "Interrupted",
}
_COUNTED = {
    "passed": Result.PASS,
    "failed": Result.FAIL,
    "known-failures": Result.KNOWN_FAILURE,
    "inconclusive": Result.INCONCLUSIVE,
    "not-applicable": Result.NOT_APPLICABLE,
    "not-run": Result.NOT_RUN,
}


def publish(
    folder: Path, code: int, environment: Mapping[str, str], *, tested: bool = True
) -> dict[str, str]:
    """Write `summary.md` into the report folder, and hand on both where GitHub says.

    `code` is the exit code of the run; `tested` says that a report in the folder is this run's.
    Gives the values for later steps. Raises SetupProblem when a file cannot be written or the
    report is damaged.
    """
    report = read(folder) if tested and (folder / REPORT).is_file() else None
    page = render_markdown(report) if report else _trouble(folder / LOG, code)
    values = outputs(folder, code, report)
    lines = "".join(f"{name}={value}\n" for name, value in values.items())
    try:
        (folder / SUMMARY).write_text(page, encoding="utf-8")
        _append(environment.get(SUMMARY_VARIABLE, ""), page)
        _append(environment.get(OUTPUTS_VARIABLE, ""), lines)
    except OSError as error:
        raise SetupProblem(
            f"the summary cannot be written: {error.strerror}", where=str(error.filename or folder)
        ) from error
    return values


def outputs(folder: Path, code: int, report: Report | None) -> dict[str, str]:
    """Give the values for later steps: one line each, none of them a stranger's text.

    Numbers are of MUST requirements, each counted once; without a report they are empty.
    """
    must = tally(report, "MUST") if report else None
    counts = {name: str(must[result]) if must else "" for name, result in _COUNTED.items()}
    return {
        "exit-code": str(code),
        "verdict": str(report.verdict) if report else "",
        "report": str(folder),
        "junit": _present(folder / JUNIT) if report else "",
        "page": _present(folder / PAGE) if report else "",
        **counts,
    }


def _present(path: Path) -> str:
    return str(path) if path.is_file() else ""


def _trouble(log: Path, code: int) -> str:
    """Give the page of a run that has no report: the end of what was told."""
    title = _TITLES.get(code, "Error of the suite itself")
    try:
        told = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_TAIL:]
    except OSError:
        told = []
    # A block of HTML holds any text; it must have no empty line, which would end it.
    body = "\n".join(escape(visible(line)) for line in told if line.strip())
    return f"### ❔ {title} (exit code {code})\n\n<pre>\n{body}\n</pre>\n"


def _append(path: str, text: str) -> None:
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(text)
