"""The live tale of a run: one line for each finished test, and a count of what is left."""

from collections.abc import Sequence

from drawplate.conformance.run.collector import Check
from drawplate.conformance.verdict.outcomes import TestOutcome, TestResult
from drawplate.fixtures.progress import Progress

SIGNS = {
    TestResult.PASS: "pass",
    TestResult.FAIL: "FAIL",
    TestResult.INCONCLUSIVE: "inconclusive",
    TestResult.ERROR: "ERROR of the suite",
}
LONGEST = 160


class Narration:
    """Tells each finished test with its requirement, height and time, and what went wrong."""

    def __init__(self, progress: Progress, checks: Sequence[Check]) -> None:
        """Begin the tale of these checks."""
        self._progress = progress
        self._left = set(checks)
        self._total = len(self._left)

    def tell(self, outcome: TestOutcome) -> None:
        """Print one line, and for anything but a pass a second one with what was seen."""
        self._left -= {(name, outcome.height) for name in outcome.requirements}
        done = self._total - len(self._left)
        name = outcome.test.rpartition("::")[2]
        self._progress.say(
            f"{done:>3}/{self._total} {outcome.height:<7} {'+'.join(outcome.requirements):<8} "
            f"{SIGNS[outcome.result]:<12} {outcome.seconds:6.2f} s  {name}"
        )
        if outcome.result is not TestResult.PASS:
            seen = " ".join(outcome.seen.split())
            self._progress.say(f"        {seen[:LONGEST]}{'…' if len(seen) > LONGEST else ''}")
