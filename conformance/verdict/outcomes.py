"""What a test can say, what a requirement can be, and what a run can be."""

from dataclasses import dataclass, field
from enum import StrEnum

from drawplate.conformance.catalogue import Height, Requirement


class TestResult(StrEnum):
    """The result of one test; `ERROR` is a fault of the suite, never of the driver."""

    __test__ = False

    PASS = "pass"  # noqa: S105 - a result, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    ERROR = "error"


class Result(StrEnum):
    """The result of one requirement at one height."""

    PASS = "pass"  # noqa: S105 - a result, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    NOT_APPLICABLE = "not applicable"
    KNOWN_FAILURE = "known failure"
    NOT_RUN = "not run"


class Verdict(StrEnum):
    """The result of a run."""

    CONFORMANT = "conformant"
    NOT_CONFORMANT = "not conformant"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class TestOutcome:
    """One finished test: `seen` and `where` tell what went wrong; `evidence` is its folder."""

    __test__ = False

    test: str
    requirements: tuple[str, ...]
    height: Height
    result: TestResult
    seconds: float
    seen: str = ""
    where: str = ""
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was found about one requirement at one height.

    `out_of_reach` says that it is not applicable because of the run, not because of the driver.
    """

    requirement: Requirement
    height: Height
    result: Result
    reason: str = ""
    link: str = ""
    outcomes: tuple[TestOutcome, ...] = field(default=())
    out_of_reach: bool = False

    @property
    def seconds(self) -> float:
        """Give the time that its tests took together, in seconds."""
        return sum(outcome.seconds for outcome in self.outcomes)
