"""A bench node, its kubelet, and a scripted driver on it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.node import BenchNode
from drawplate.conformance.bench.paths import BenchPaths
from drawplate.conformance.selftest.bench.scripted import NAME, ScriptedDriver
from drawplate.fixtures.clusters.provider import ClusterSpec
from drawplate.fixtures.progress import silent


@pytest.fixture
def paths() -> Iterator[BenchPaths]:
    made = BenchPaths.create()
    yield made
    made.remove()


@pytest.fixture
def kubelet(paths: BenchPaths) -> Iterator[Kubelet]:
    made = Kubelet(paths, driver=NAME)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def driver(paths: BenchPaths) -> Iterator[ScriptedDriver]:
    """Give a scripted driver that is not serving yet; `start` it."""
    made = ScriptedDriver(paths)
    yield made
    made.stop()


@pytest.fixture
def serving(driver: ScriptedDriver, kubelet: Kubelet) -> ScriptedDriver:
    """Give a scripted driver that is registered."""
    driver.start()
    kubelet.registered(budget=10)
    return driver


@pytest.fixture(scope="session")
def kubeconfig() -> Iterator[Path]:
    """Start a real etcd and kube-apiserver; give the administrator's kubeconfig."""
    # Most tests here need no cluster.
    from drawplate.fixtures.clusters.local import lifecycle  # noqa: PLC0415

    spec = ClusterSpec(name=f"bench-selftest-{os.getpid()}", bench=True)
    cluster = lifecycle.up(spec, silent(), owner_pid=os.getpid())
    yield cluster.kubeconfig
    cluster.down()


@pytest.fixture
def node(kubeconfig: Path, tmp_path: Path) -> Iterator[BenchNode]:
    """Give a bench node on the real API server, its kubelet not started."""
    with BenchNode(kubeconfig, NAME, run="selftest", log=tmp_path / "calls.jsonl") as made:
        yield made
