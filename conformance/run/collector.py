"""The controller's side of a run: gathers what tests tell, and judges each requirement once."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import pytest

from drawplate.conformance import catalogue
from drawplate.conformance.catalogue import Height
from drawplate.conformance.problems import Problem
from drawplate.conformance.run.keys import REFUSAL
from drawplate.conformance.verdict.judge import KnownFailure, judge_requirement
from drawplate.conformance.verdict.outcomes import Judgement, TestOutcome, TestResult

Check = tuple[str, Height]
_GRAVITY = [TestResult.PASS, TestResult.INCONCLUSIVE, TestResult.ERROR, TestResult.FAIL]


class Collector:
    """A pytest plugin of the controlling process: turns reports into judgements.

    `on_outcome` is told each finished test, so that progress and the partial report never lag.
    Judgements are made when asked for: only then is it sure that no further test of a
    requirement will report.
    """

    def __init__(
        self,
        checks: Sequence[Check],
        known: Iterable[KnownFailure],
        on_outcome: Callable[[TestOutcome], None],
    ) -> None:
        self._checks = checks
        self._known = tuple(known)
        self._on_outcome = on_outcome
        self._phases: defaultdict[str, list[pytest.TestReport]] = defaultdict(list)
        self.outcomes: list[TestOutcome] = []
        self.collection_errors: list[str] = []
        self.problem: Problem | None = None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take a phase of a test; its last phase completes it."""
        self._phases[report.nodeid].append(report)
        if report.when == "teardown":
            self._complete(report.nodeid)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Remember suites that cannot even be imported."""
        if report.failed:
            self.collection_errors.append(f"{report.nodeid}: {report.longreprtext}")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Remember why a worker refused to begin."""
        refusal = getattr(node, "workeroutput", {}).get(REFUSAL)
        if refusal and refusal not in self.collection_errors:
            self.collection_errors.append(refusal)

    def pytest_internalerror(self, excrepr: object) -> None:
        """Remember an error of pytest or of our plugin."""
        self.collection_errors.append(str(excrepr))

    def _complete(self, node: str) -> None:
        phases = self._phases.pop(node)
        told = [getattr(phase, "drawplate", None) for phase in phases]
        facts = [fact for fact in told if fact]
        if not facts:
            return
        worst = max(facts, key=lambda fact: _GRAVITY.index(TestResult(fact["result"])))
        outcome = TestOutcome(
            test=node,
            requirements=tuple(worst["requirements"]),
            height=worst["height"],
            result=TestResult(worst["result"]),
            seconds=round(sum(phase.duration for phase in phases), 3),
            seen=worst["seen"],
            where=worst["where"],
            evidence=worst["evidence"],
        )
        self.outcomes.append(outcome)
        try:
            self._on_outcome(outcome)
        except Problem as problem:
            # Out of a hook it would become an internal error of pytest, with a traceback.
            self.problem = problem
            pytest.exit(problem.what)

    def judgements(self) -> list[Judgement]:
        """Judge every check of the run by what has been told so far."""
        known = catalogue.load()
        return [
            judge_requirement(
                known[name],
                height,
                [o for o in self.outcomes if name in o.requirements and o.height == height],
                self._known,
            )
            for name, height in self._checks
        ]
