"""How two drivers fare under the same calls in the same minutes, one after the other by turns."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from drawplate.conformance.bench.claim_desk import ClaimDesk
from drawplate.conformance.bench.stage import Stage
from drawplate.conformance.drivers.binaries import ensure_binaries
from drawplate.conformance.patience import measure as measure_patience
from drawplate.conformance.profile.load import load
from drawplate.conformance.run.furnishing import furnished
from drawplate.conformance.run.ground import Ground
from drawplate.conformance.selftest.speed_parts.figures import Series
from drawplate.conformance.selftest.speed_parts.memory import resident
from drawplate.conformance.selftest.speed_parts.session import Clock, Session
from drawplate.fixtures.clusters.local import lifecycle
from drawplate.fixtures.clusters.provider import Cluster, ClusterSpec

PROFILES = ("reference", "upstream-test-driver")
MILLISECONDS = 1000.0


@dataclass(frozen=True, slots=True)
class Contender:
    """One driver on a bench node of its own, and what was measured of it."""

    name: str
    stage: Stage
    prepares: list[float] = field(default_factory=list)
    unprepares: list[float] = field(default_factory=list)
    starts: Clock = field(default_factory=Clock)
    crashes: Clock = field(default_factory=Clock)

    def handle_claim(self) -> None:
        """Prepare and unprepare a new claim for one device. Raises Inconclusive."""
        node = self.stage.node
        desk = ClaimDesk(self.stage.profile, node.scheduler, node.namespace)
        claim = desk.make()
        kubelet = self.stage.kubelet
        self.prepares.append(kubelet.prepared(claim).seconds * MILLISECONDS)
        self.unprepares.append(kubelet.unprepared(claim).seconds * MILLISECONDS)
        desk.delete(claim)

    def start_over(self) -> None:
        """Stop the driver and start it, then kill it and start it. Raises Inconclusive."""
        driver = self.stage.driver
        driver.stop()
        with self.starts.turn():
            self.stage.start_again()
        with self.crashes.turn():
            driver.kill()
            self.stage.start_again()


def measure_drivers(session: Session) -> Iterator[Series]:
    """Measure calls, starts and memory of the reference driver and the upstream test driver.

    Both reach the API server through the same relay of the bench, and each call has one claim.
    """
    name = f"speed-drivers-{os.getpid()}"
    bench = lifecycle.up(
        ClusterSpec(name=name, bench=True), session.progress, owner_pid=os.getpid()
    )
    try:
        with _contenders(bench, session) as contenders:
            yield from _calls(contenders, session)
            yield from _starts(contenders, session)
    finally:
        bench.down()


@contextmanager
def _contenders(bench: Cluster, session: Session) -> Iterator[Sequence[Contender]]:
    patience = measure_patience()
    with ExitStack() as ends:
        made = []
        for name in PROFILES:
            profile = load(name)
            binaries = ensure_binaries(profile, session.progress)
            ends.enter_context(furnished(profile, Ground(bench, None)))
            process = profile.deploy.process
            budget = (process.ready.timeout if process else 30.0) * patience
            stage = Stage(
                profile, bench.kubeconfig, run=bench.name, binaries=binaries, budget=budget
            )
            ends.callback(stage.close)
            made.append(Contender(name, stage.ready()))
        yield made


def _turns(contenders: Sequence[Contender], turn: int) -> Sequence[Contender]:
    """Give the order of one round: who was second is first in the next."""
    return contenders if turn % 2 == 0 else contenders[::-1]


def _calls(contenders: Sequence[Contender], session: Session) -> Iterator[Series]:
    for turn in session.rounds("preparing and unpreparing claims", session.times(200, 10)):
        for one in _turns(contenders, turn):
            one.handle_claim()
    for one in contenders:
        yield Series(f"NodePrepareResources, {one.name}", "ms", tuple(one.prepares))
    for one in contenders:
        yield Series(f"NodeUnprepareResources, {one.name}", "ms", tuple(one.unprepares))
    for one in contenders:
        claims = len(one.prepares)
        held = resident(one.stage.driver.pid)
        yield Series(f"memory of driver {one.name} after {claims} claims", "MB", (held,))


def _starts(contenders: Sequence[Contender], session: Session) -> Iterator[Series]:
    for turn in session.rounds("stopping, killing and starting drivers", session.times(10, 2)):
        for one in _turns(contenders, turn):
            one.start_over()
    for one in contenders:
        yield one.starts.series(f"driver start → registered, {one.name}")
    for one in contenders:
        yield one.crashes.series(f"driver killed and started → registered again, {one.name}")
