"""How long clusters take to come up and to go, and what memory their components hold then."""

import os
from collections.abc import Iterator

from drawplate.conformance.selftest.speed_parts.figures import Series
from drawplate.conformance.selftest.speed_parts.memory import ComponentMemory
from drawplate.conformance.selftest.speed_parts.session import Clock, Session
from drawplate.fixtures.clusters.local import lifecycle
from drawplate.fixtures.clusters.provider import ClusterSpec
from drawplate.fixtures.progress import silent


def measure_bench(session: Session) -> Iterator[Series]:
    """Start and end the control plane of the bench: etcd and the API server."""
    yield from _measure(session, "bench", session.times(5, 1))


def measure_cluster(session: Session) -> Iterator[Series]:
    """Start a cluster until its node is Ready, and end it."""
    yield from _measure(session, "cluster", session.times(3, 1))


def _measure(session: Session, kind: str, count: int) -> Iterator[Series]:
    spec = ClusterSpec(name=f"speed-{kind}-{os.getpid()}", bench=kind == "bench")
    ups, downs, memory = Clock(), Clock(), ComponentMemory()
    # Not counted: this one gets what is not in the caches, those of the kernel included.
    lifecycle.up(spec, session.progress, owner_pid=os.getpid()).down()
    for _ in session.rounds(f"starting and ending a {kind}", count):
        with ups.turn():
            made = lifecycle.up(spec, silent(), owner_pid=os.getpid())
        try:
            memory.sample(made)
        finally:
            with downs.turn():
                made.down()
    end = "API server ready" if spec.bench else "node Ready"
    yield ups.series(f"warm `up{' --bench' if spec.bench else ''}` to {end}")
    yield downs.series(f"`down` of a {kind}")
    yield from memory.series(f"{kind} just up")
