"""The pytest session of a certification, with a catalogue and suites of the test's own."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from textwrap import dedent

import pytest

from drawplate.conformance import catalogue
from drawplate.conformance.catalogue import Requirement
from drawplate.conformance.run import pytest_session
from drawplate.conformance.run.collector import Check, Collector
from drawplate.conformance.run.context import RunContext
from drawplate.conformance.selftest.mutants import registry
from drawplate.conformance.selftest.verdict.samples import requirement
from drawplate.conformance.verdict.outcomes import TestOutcome

VARIABLES = ("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "PYTEST_ADDOPTS", "PYTEST_PLUGINS", "GRPC_VERBOSITY")
CHECKS: tuple[Check, ...] = (("PRE-01", "bench"),)
# The heights are told by what a test stands on; these stand on nothing real.
HEAD = """
import pytest
from drawplate.conformance.alone import alone
from drawplate.conformance.covers import covers
from drawplate.conformance.problems import Inconclusive, SetupProblem, SuiteError

@pytest.fixture
def bench():
    return "bench"

@pytest.fixture
def cluster():
    return "cluster"

"""


class StandIn:
    """Runs tests as a certification runs its suites, in this process and with one worker."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        """Begin with a catalogue of one MUST at the bench, PRE-01."""
        self.folder = folder
        self.seed = 1
        self.shuffle = False
        self.suites = folder / "stand-in" / "suites"
        self.suites.mkdir(parents=True)
        self._patch = patch
        # What the session sets in the environment is undone with the test.
        for name in VARIABLES:
            patch.setenv(name, "")
        patch.setattr(pytest_session, "SUITES", self.suites)
        self.catalogue(requirement())

    def catalogue(self, *requirements: Requirement, mutants: Sequence[str] = ()) -> None:
        """Put these in the place of the catalogue; their mutants exist, and `mutants` too."""
        named = {mutant for entry in requirements for mutant in entry.mutants}
        entries = {entry.id: entry for entry in requirements}
        self._patch.setattr(catalogue, "load", lambda: entries)
        self._patch.setattr(registry, "names", lambda: frozenset(mutants or named))

    def write(self, source: str, name: str = "test_stand_in.py") -> None:
        """Write a module of tests; `covers`, the problems, `bench` and `cluster` are there."""
        (self.suites / name).write_text(HEAD + dedent(source), encoding="utf-8")

    def run(
        self,
        source: str = "",
        *,
        on_outcome: Callable[[TestOutcome], None] = lambda _: None,
        patience: float = 1.0,
        workers: int = 1,
    ) -> Collector:
        """Run the tests for PRE-01 at the bench; gives what was collected of them."""
        if source:
            self.write(source)
        context = RunContext(
            run_id="stand-in",
            profile="reference",
            out=self.folder / "out",
            seed=self.seed,
            patience=patience,
            checks=CHECKS,
            shuffle=self.shuffle,
        )
        file = self.folder / "context.json"
        context.write(file)
        collector = Collector(CHECKS, (), on_outcome)
        try:
            self.finished = pytest_session.run_suites(file, workers, collector)
        finally:
            self._forget_modules()
        return collector

    def _forget_modules(self) -> None:
        # All stand-ins have the same module names; each must be imported anew.
        for name, module in list(sys.modules.items()):
            if str(getattr(module, "__file__", None) or "").startswith(str(self.folder)):
                del sys.modules[name]
