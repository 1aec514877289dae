"""What was found about each requirement, and the tests that found it."""

from typing import ClassVar

from pydantic import Field, model_validator

from drawplate.conformance.catalogue import Height, Level
from drawplate.conformance.verdict.outcomes import Result, TestResult
from drawplate.reports.fields import EvidencePath, Line, Record, RequirementId, Seconds, Text

_NEEDS_REASON = {Result.INCONCLUSIVE, Result.NOT_APPLICABLE, Result.KNOWN_FAILURE}
_NEEDS_FAILURE = {Result.FAIL, Result.KNOWN_FAILURE}


class Failure(Record):
    """What went wrong in one test, in the four parts that every failure has."""

    required: Line
    """What had to be so."""
    seen: Text = ""
    """What was found instead, with the last observed states."""
    where: Text = ""
    """Where to look: source line, evidence file with its lines (`evidence/…/calls.jsonl:12,15`)."""
    hint: Text = ""
    """What to do about it."""


class TestRun(Record):
    """One test function that ran for the requirement."""

    # Its name must not make pytest collect it.
    __test__: ClassVar[bool] = False

    id: Line
    """pytest's node ID."""
    result: TestResult
    """`error` is a fault of the suite, never of the driver."""
    seconds: Seconds
    failure: Failure | None = None
    """Present when the test failed; may be present when it erred or was inconclusive."""

    @model_validator(mode="after")
    def _explains_itself(self) -> "TestRun":
        if self.result is TestResult.FAIL and self.failure is None:
            raise ValueError(f"test {self.id!r} failed without saying what was required and seen")
        return self


class RequirementResult(Record):
    """One requirement at one height."""

    id: RequirementId
    """The requirement's ID in the catalogue."""
    area: Line
    level: Level
    text: Line
    """The requirement's sentence."""
    source: Text = ""
    """The text or code of Kubernetes that demands it, or *deduced*."""
    height: Height
    result: Result
    seconds: Seconds = 0.0
    """How long its tests took together."""
    tests: tuple[TestRun, ...] = ()
    reason: Text = ""
    """Why it is not applicable (declared and probed), inconclusive, or a known failure."""
    out_of_reach: bool = False
    """It is not applicable because of the run (too few nodes, no way into them), not the driver."""
    link: Text = ""
    """Where a known failure is tracked."""
    evidence: tuple[EvidencePath, ...] = ()
    """Files, relative to the report's folder."""
    mutants: tuple[Text, ...] = Field(default=())
    """Defective drivers that the check was seen to fail."""

    @property
    def place(self) -> tuple[str, str, int, str, Height]:
        """Give the place in a report: by area, by ID as people count, bench before cluster."""
        prefix = self.id.rstrip("0123456789")
        number = int(self.id.removeprefix(prefix) or 0)
        return self.area, prefix, number, self.id, self.height

    @property
    def key(self) -> tuple[str, Height]:
        """Give what no other result of a report shares: the ID and the height."""
        return self.id, self.height

    @model_validator(mode="after")
    def _explains_itself(self) -> "RequirementResult":
        if self.result in _NEEDS_REASON and not self.reason:
            raise ValueError(f"{self.id} ({self.height}) is {self.result} without a reason")
        if self.result in _NEEDS_FAILURE and not self.failures:
            raise ValueError(f"{self.id} ({self.height}) is a {self.result} without a failed test")
        return self

    @property
    def failures(self) -> tuple[TestRun, ...]:
        """Give the tests that failed."""
        return tuple(test for test in self.tests if test.result is TestResult.FAIL)
