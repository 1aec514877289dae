"""One certification from profile to verdict."""

import random
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from drawplate.conformance import patience
from drawplate.conformance.bench.paths import sweep
from drawplate.conformance.cluster.opening import Order as SiteOrder
from drawplate.conformance.drivers.binaries import ensure_binaries
from drawplate.conformance.drivers.hardware import machine_of
from drawplate.conformance.drivers.version import version_of
from drawplate.conformance.problems import SetupProblem
from drawplate.conformance.profile.load import load
from drawplate.conformance.run.collector import Check, Collector
from drawplate.conformance.run.context import RunContext
from drawplate.conformance.run.foreknowledge import foresee
from drawplate.conformance.run.furnishing import furnished
from drawplate.conformance.run.ground import (
    HEIGHTS,
    Ground,
    Wish,
    check_wish,
    offers,
    prepare_ground,
)
from drawplate.conformance.run.narration import Narration
from drawplate.conformance.run.plan import Plan, admitted, make_plan
from drawplate.conformance.run.pytest_session import run_suites
from drawplate.conformance.run.reporting import describe_suite, stale_findings, to_record
from drawplate.conformance.run.site_host import served
from drawplate.conformance.verdict.judge import Ruling, passed_known_failures, rule
from drawplate.conformance.verdict.outcomes import Judgement, TestOutcome, TestResult, Verdict
from drawplate.fixtures.progress import Progress
from drawplate.reports.model import Driver, Report, Run, RunState, Timing
from drawplate.reports.store import ReportWriter


@dataclass(frozen=True, slots=True)
class Order:
    """What to certify and how; `selection` are requirement IDs, empty for all."""

    profile: str
    wish: Wish
    out: Path
    workers: int
    seed: int | None = None
    selection: tuple[str, ...] = ()
    argv: tuple[str, ...] = ()
    replace: bool = False
    shuffle: bool = False
    run_id: str = field(default_factory=lambda: f"{random.SystemRandom().randrange(16**6):06x}")


@dataclass(frozen=True, slots=True)
class Certification:
    """What came of it."""

    report: Report
    ruling: Ruling
    interrupted: bool


class _Run:
    """The parts of one run that its steps share."""

    def __init__(self, order: Order, progress: Progress) -> None:
        self.order = order
        self.progress = progress
        self.profile = load(order.profile)
        self.seed = order.seed if order.seed is not None else random.SystemRandom().randrange(2**31)
        spec = replace(order.wish.spec, machine=machine_of(self.profile))
        self.wish = replace(order.wish, spec=spec)
        check_wish(self.wish, order.run_id)
        known = foresee(self.wish)
        found = known.correct(offers(order.wish, order.run_id))
        self.plan: Plan = make_plan(self.profile, found, order.selection, known.abilities)
        self.known = admitted(self.profile, datetime.now(UTC).date())
        self.patience = patience.measure()
        self.writer = ReportWriter(order.out, self._first_report(), replace=order.replace)
        self.narration = Narration(progress, self.plan.checks)
        self.collector = Collector(self.plan.checks, self.known, self._on_outcome)
        self.timings: list[Timing] = []

    def _first_report(self) -> Report:
        order = self.order
        # Without it the line would repeat another run.
        drawn = ("--seed", str(self.seed)) if order.argv and order.seed is None else ()
        return Report(
            run=Run(
                command=shlex.join(("drawplate", *order.argv, *drawn)),
                started=datetime.now(UTC),
                seed=self.seed,
                workers=order.workers,
                patience=self.patience,
                selection=order.selection,
            ),
            driver=Driver(
                name=self.profile.driver.name,
                profile=self.profile.title,
                profile_digest=f"sha256:{self.profile.digest}",
                vendor=self.profile.metadata.vendor,
            ),
            suite=describe_suite(),
            requirements=tuple(to_record(j, order.out) for j in self.plan.exempt),
        )

    def _on_outcome(self, outcome: TestOutcome) -> None:
        touched = set(outcome.requirements)
        for judgement in self.collector.judgements():
            if judgement.outcomes and judgement.requirement.id in touched:
                self.writer.record(to_record(judgement, self.order.out))
        # What was said is in the report, whatever happens next.
        self.narration.tell(outcome)

    def failed(self) -> bool:
        """Say whether any test so far did not pass."""
        return any(o.result is not TestResult.PASS for o in self.collector.outcomes)

    def judgements(self) -> list[Judgement]:
        return [*self.plan.exempt, *self.collector.judgements()]

    def test(self, ground: Ground) -> bool:
        """Run the suites, height by height; gives False when they were interrupted."""
        with (
            tempfile.TemporaryDirectory(prefix="drawplate-run-") as folder,
            furnished(self.profile, ground),
        ):
            for height in HEIGHTS:
                checks = tuple(check for check in self.plan.checks if check[1] == height)
                if checks and not self._test(ground, checks, Path(folder)):
                    return False
        return True

    def _test(self, ground: Ground, checks: tuple[Check, ...], folder: Path) -> bool:
        context = self._context(ground, checks)
        file = folder / f"{checks[0][1]}.json"
        with self._sites(context, ground, folder) as found:
            found.write(file)
            return run_suites(file, self.order.workers, self.collector)

    @contextmanager
    def _sites(self, context: RunContext, ground: Ground, folder: Path) -> Iterator[RunContext]:
        """Deploy the driver if the tests of this height need that; complete their context."""
        if ground.cluster is None or context.heights != {"cluster"}:
            yield context
            return
        # Drivers that serve several pods at once may need longer for each.
        stretched = min(patience.LARGEST, self.patience * self.order.workers)
        context = replace(context, patience=stretched)
        order = SiteOrder(self.profile, ground.cluster, folder, self.order.run_id, context.patience)
        with served(order) as served_sites:
            yield replace(
                context,
                host=served_sites.address,
                host_key=served_sites.key,
                problem=served_sites.problem,
            )

    def _context(self, ground: Ground, checks: tuple[Check, ...]) -> RunContext:
        return RunContext(
            run_id=self.order.run_id,
            profile=str(self.profile.source)
            if self.order.profile.endswith(".yaml")
            else self.order.profile,
            out=self.order.out,
            seed=self.seed,
            patience=self.patience,
            checks=checks,
            bench_kubeconfig=str(ground.bench.kubeconfig) if ground.bench else "",
            cluster=ground.cluster.name if ground.cluster else "",
            keep_on_failure=self.order.wish.keep,
            shuffle=self.order.shuffle,
        )

    def describe(self, ground: Ground) -> None:
        """Tell the report what the run stands on, and which version of the driver it tests."""
        version = version_of(self.profile, ensure_binaries(self.profile, self.progress))
        driver = self.writer.report.driver.model_copy(update={"version": version})
        self.writer.update(clusters=ground.records(), driver=driver)

    def conclude(self, state: RunState) -> tuple[Report, Ruling]:
        """Judge what there is, and write the report."""
        judgements = self.judgements()
        for judgement in judgements:
            self.writer.record(to_record(judgement, self.order.out))
        ruling = rule(judgements, self.known)
        if state != "finished" and ruling.verdict is Verdict.CONFORMANT:
            ruling = Ruling(Verdict.INCONCLUSIVE, ("the run was interrupted",))
        self.writer.update(
            findings=stale_findings(passed_known_failures(judgements, self.known)),
            timings=tuple(self.timings),
        )
        report = self.writer.finish(ruling.verdict, ruling.reasons, state=state)
        return report, ruling

    def timed(self, phase: str, began: float) -> None:
        self.timings.append(Timing(phase=phase, seconds=round(time.monotonic() - began, 3)))


def certify(order: Order, progress: Progress) -> Certification:
    """Certify as ordered; once a test has ended, whatever happens leaves a valid report.

    Raises SetupProblem, which leaves no report if nothing was tested, and SuiteError when the suite
    itself failed.
    """
    run = _Run(order, progress)
    state: RunState = "interrupted"
    try:
        began = time.monotonic()
        with prepare_ground(run.wish, order.run_id, progress, run.failed) as ground:
            run.timed("set-up", began)
            run.describe(ground)
            began = time.monotonic()
            finished = run.test(ground)
            run.timed("tests", began)
            state = "finished" if finished else "interrupted"
            # A worker that does not end in time after an interruption is killed, by xdist.
            sweep()
    except KeyboardInterrupt:
        progress.say("interrupted: writing what is known so far")
    except Exception as error:
        if isinstance(error, SetupProblem) and not run.collector.outcomes:
            run.writer.withdraw()
        else:
            run.conclude(state)
        raise
    report, ruling = run.conclude(state)
    return Certification(report, ruling, state == "interrupted")


def command_line(arguments: Sequence[str] | None = None) -> tuple[str, ...]:
    """Give the arguments of this command, for the report's line that repeats it."""
    return tuple(sys.argv[1:] if arguments is None else arguments)
