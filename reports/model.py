"""The report of one certification run: the model behind `report.json` and its published schema."""

from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, ModelWrapValidatorHandler, computed_field, model_validator

from drawplate.conformance.catalogue import Height, Level
from drawplate.conformance.verdict.outcomes import Result, TestResult, Verdict
from drawplate.reports.fields import Count, Line, Record, Seconds, Text
from drawplate.reports.origin import Cluster, Driver, Run, RunState, Suite
from drawplate.reports.results import Failure, RequirementResult, TestRun

__all__ = [
    "Capability",
    "Cluster",
    "Counts",
    "Driver",
    "Failure",
    "Finding",
    "Height",
    "Level",
    "Measurement",
    "Report",
    "RequirementResult",
    "Result",
    "Run",
    "RunState",
    "Suite",
    "TestResult",
    "TestRun",
    "Timing",
    "Verdict",
    "count",
]

UNFINISHED = "the run has not ended"
EXIT_CODES = {Verdict.CONFORMANT: 0, Verdict.NOT_CONFORMANT: 1, Verdict.INCONCLUSIVE: 2}

Counts = dict[Height, dict[Level, dict[Result, Count]]]


class Capability(Record):
    """An optional ability: what the profile says, and what the driver showed."""

    name: Line
    declared: bool | None = None
    """Null: the profile does not say."""
    probed: bool | None = None
    """Null: it was not, or could not be, probed."""
    note: Text = ""

    @property
    def contradiction(self) -> bool:
        """Tell whether the profile and the driver disagree."""
        return None not in (self.declared, self.probed) and self.declared != self.probed


class Finding(Record):
    """Something worth knowing that is no result of a requirement."""

    title: Line
    detail: Text = ""
    affects_verdict: bool = False
    """True for what makes a run fail, such as a known failure that passes."""
    requirement: Text = ""
    """The requirement that it is about, if any."""


class Measurement(Record):
    """A number that was measured beside the verdict; it never changes it."""

    name: Line
    value: Annotated[float, Field(allow_inf_nan=False)]
    unit: Text = ""
    height: Height | None = None


class Timing(Record):
    """How long one phase of the run took."""

    phase: Line
    seconds: Seconds


def count(results: Iterable[RequirementResult]) -> Counts:
    """Count results by height, level and result; every result is named for the heights present."""
    counts: Counts = {}
    for entry in results:
        levels = counts.setdefault(
            entry.height, {"MUST": dict.fromkeys(Result, 0), "SHOULD": dict.fromkeys(Result, 0)}
        )
        levels[entry.level][entry.result] += 1
    return counts


class Report(Record):
    """The report of one certification run."""

    format: Literal["drawplate.report/v1"] = "drawplate.report/v1"
    verdict: Verdict = Verdict.INCONCLUSIVE
    reasons: tuple[Line, ...] = (UNFINISHED,)
    """Why the verdict is what it is."""
    run: Run
    driver: Driver
    suite: Suite
    clusters: tuple[Cluster, ...] = ()
    requirements: tuple[RequirementResult, ...] = ()
    capabilities: tuple[Capability, ...] = ()
    findings: tuple[Finding, ...] = ()
    measurements: tuple[Measurement, ...] = ()
    timings: tuple[Timing, ...] = ()

    @computed_field  # type: ignore[prop-decorator]  # mypy knows no decorator above a property
    @property
    def counts(self) -> Counts:
        """Requirements by height, level and result."""
        return count(self.requirements)

    @property
    def exit_code(self) -> int:
        """Give the exit code of the run: 0 conformant, 1 not conformant, 2 inconclusive."""
        return EXIT_CODES[self.verdict]

    @model_validator(mode="wrap")
    @classmethod
    def _counts_agree(cls, data: object, handler: ModelWrapValidatorHandler["Report"]) -> "Report":
        if not isinstance(data, dict) or "counts" not in data:
            return handler(data)
        told = data["counts"]
        report = handler({key: value for key, value in data.items() if key != "counts"})
        if report.counts != told:
            raise ValueError("`counts` are not those of `requirements`")
        return report

    @model_validator(mode="after")
    def _is_coherent(self) -> "Report":
        keys = [entry.key for entry in self.requirements]
        if len(keys) != len(set(keys)):
            raise ValueError("a requirement stands twice at one height")
        if self.verdict is Verdict.CONFORMANT:
            _check_conformant(self)
        return self


def _check_conformant(report: Report) -> None:
    """Refuse what no judge may call conformant, so that a report cannot contradict itself."""
    must = [entry.result for entry in report.requirements if entry.level == "MUST"]
    if report.run.state != "finished":
        raise ValueError("only a finished run can be conformant")
    if Result.PASS not in must:
        raise ValueError("a run in which no MUST passed cannot be conformant")
    if {Result.FAIL, Result.INCONCLUSIVE} & set(must):
        raise ValueError("a run with a failed or inconclusive MUST cannot be conformant")
    if any(finding.affects_verdict for finding in report.findings):
        raise ValueError("a run with a finding against the driver cannot be conformant")
