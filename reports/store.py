"""The report of a run under way: written as results come in, whole on disk at any moment."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from drawplate.emulators.problems import SetupProblem, SuiteError
from drawplate.reports import folder as files
from drawplate.reports.folder import REPORT, RESULTS
from drawplate.reports.model import Report, RequirementResult, RunState, Verdict
from drawplate.reports.render import render_folder


class ReportWriter:
    """Writes one report folder.

    Each result goes to `results.jsonl` first, then into a new `report.json`: whatever kills the
    run, at most the line that was being written is lost. `report.json` is valid against the
    schema from the first moment on; until `finish` it says `running`, and inconclusive.
    """

    def __init__(self, folder: Path, report: Report, *, replace: bool = False) -> None:
        """Begin the report in `folder` with what is known of the run.

        `replace` removes an earlier report there. Raises SetupProblem, with place and cure, when
        the folder cannot be written to or holds an earlier report.
        """
        self._folder = folder
        self._report = report
        self._results = {entry.key: entry for entry in report.requirements}
        self._made = files.prepare(folder, replace=replace)
        try:
            self._write()
        except SetupProblem:
            self.withdraw()
            raise

    @property
    def evidence(self) -> Path:
        """Give the folder for evidence; it exists."""
        return self._folder / files.EVIDENCE

    @property
    def report(self) -> Report:
        """Give the report as it stands, its results in an order that no timing changes."""
        results = sorted(self._results.values(), key=lambda result: result.place)
        return self._report.model_copy(update={"requirements": tuple(results)})

    def record(self, result: RequirementResult) -> None:
        """Keep a result; a later one of the same requirement and height replaces it.

        Costs nothing when nothing changed. Raises SetupProblem when the disk is full.
        """
        if self._results.get(result.key) == result:
            return
        self._results[result.key] = result
        files.append(self._folder / RESULTS, result.model_dump_json() + "\n")
        self._write()

    def update(self, **parts: Any) -> None:
        """Replace other parts of the report (`driver=`, `clusters=`, `findings=` …)."""
        changed = Report.model_validate(dict(self._report) | parts | {"requirements": ()})
        if changed != self._report:
            self._report = changed
            self._write()

    def finish(
        self,
        verdict: Verdict,
        reasons: Sequence[str],
        *,
        state: RunState = "finished",
        ended: datetime | None = None,
    ) -> Report:
        """Write the verdict, `junit.xml` and `report.html`; gives the report.

        After Ctrl-C, call it with `state="interrupted"`. Raises SuiteError for a verdict that
        the results contradict, and SetupProblem when a file cannot be written.
        """
        run = self._report.run.model_copy(
            update={"state": state, "ended": ended or datetime.now(UTC)}
        )
        parts = {"verdict": verdict, "reasons": tuple(reasons), "run": run}
        try:
            self._report = Report.model_validate(dict(self.report) | parts)
        except ValidationError as error:
            told = error.errors()[0]["msg"]
            raise SuiteError(f"the verdict contradicts the results: {told}") from error
        self._write()
        render_folder(self._folder, self._report)
        return self._report

    def withdraw(self) -> None:
        """Remove the report and the folders made for it: the run could not begin."""
        files.withdraw(self._folder, self._made)

    def _write(self) -> None:
        files.write(self._folder / REPORT, self.report.model_dump_json(indent=2) + "\n")
