"""How long a pod with a claim takes to run, and its claim to be free again."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from drawplate.conformance.cluster.opening import Order, open_site
from drawplate.conformance.cluster.stage import Stage, set_stage
from drawplate.conformance.cluster.tidy import tidy
from drawplate.conformance.drivers.hardware import machine_of
from drawplate.conformance.patience import measure as measure_patience
from drawplate.conformance.problems import Inconclusive
from drawplate.conformance.profile.load import load
from drawplate.conformance.selftest.speed_parts.figures import Series
from drawplate.conformance.selftest.speed_parts.session import Clock, Session
from drawplate.fixtures.clusters.local import lifecycle
from drawplate.fixtures.clusters.provider import ClusterSpec


@dataclass(frozen=True, slots=True)
class _Clocks:
    with_claim: Clock = field(default_factory=Clock)
    without: Clock = field(default_factory=Clock)
    release: Clock = field(default_factory=Clock)


def measure_pods(session: Session) -> Iterator[Series]:
    """Run pods with a claim and, by turns, pods without one, in a real cluster.

    The reference driver runs as a process in the node, so that nothing but the driver is in the
    way; the images of the pods are there already.
    """
    clocks = _Clocks()
    with _stage(session) as stage:
        for turn in session.rounds("running pods", session.times(20, 2)):
            steps = [_run_with_claim, _run_without]
            for step in steps if turn % 2 == 0 else steps[::-1]:
                step(stage, clocks)
    yield clocks.with_claim.series("claim and pod created → pod Running")
    yield clocks.without.series("pod without a claim created → Running")
    yield clocks.release.series("pod deleted → its claim deallocated")


def _run_with_claim(stage: Stage, clocks: _Clocks) -> None:
    with clocks.with_claim.turn():
        claim = stage.claim()
        pod = stage.running(claim)
    with clocks.release.turn():
        pod.delete()
        if not claim.becomes_free():
            raise Inconclusive("the claim stays allocated after its pod")
    pod.delete_and_wait()
    stage.site.api.delete("ResourceClaim", claim.name, claim.namespace)


def _run_without(stage: Stage, clocks: _Clocks) -> None:
    with clocks.without.turn():
        pod = stage.running()
    pod.delete_and_wait()


@contextmanager
def _stage(session: Session) -> Iterator[Stage]:
    profile = load("reference")
    as_process = profile.deploy.model_copy(update={"manifests": None})
    spec = ClusterSpec(name=f"speed-pods-{os.getpid()}", machine=machine_of(profile))
    cluster = lifecycle.up(spec, session.progress, owner_pid=os.getpid())
    try:
        order = Order(
            profile=profile.model_copy(update={"deploy": as_process}),
            cluster=cluster,
            scratch=session.scratch,
            run_id=spec.name,
            patience=measure_patience(),
        )
        with open_site(order) as site:
            stage = set_stage(site, "speed")
            try:
                yield stage
            finally:
                tidy(stage)
    finally:
        cluster.down()
