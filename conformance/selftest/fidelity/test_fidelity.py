"""Our kubelet asks a driver for the same things in the same order as the real one."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.paths import BenchPaths
from drawplate.conformance.cluster.pod import Surroundings
from drawplate.conformance.profile.load import load
from drawplate.conformance.selftest.bench.scripted import NAME
from drawplate.conformance.selftest.fidelity.players import BUDGET, BenchPlayer, RealPlayer, play
from drawplate.conformance.selftest.fidelity.recording import RecordingDriver, Seen
from drawplate.fixtures.clusters.local import lifecycle
from drawplate.fixtures.clusters.provider import Cluster, ClusterSpec
from drawplate.fixtures.images.get import ensure_images
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.progress import silent

pytestmark = [pytest.mark.root, pytest.mark.slow]

ROOT = "/var/lib/kubelet"
NAMESPACE = "default"
DEVICES = ("gpu-0", "gpu-1", "gpu-2")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    spec = ClusterSpec(name=f"fidelity-{os.getpid()}")
    found = lifecycle.up(spec, silent(), owner_pid=os.getpid())
    yield found
    found.down()


@pytest.fixture(scope="module")
def real(cluster: Cluster) -> Iterator[RealPlayer]:
    """Play the scenario with the real kubelet; afterwards the driver's record is in `seen`."""
    api, node = KubeApi(cluster.kubeconfig), cluster.nodes[0]
    node.load_image(ensure_images(["probe"], silent())["probe"])
    for body in _hardware(node.name):
        api.create(body)
    api.wait_for("ServiceAccount", "default", bool, BUDGET, NAMESPACE)
    with RecordingDriver(_paths_of(node.path("/")), endpoint=_endpoint()) as driver:
        driver.registered(1, BUDGET)
        around = Surroundings(api, node, load("upstream-test-driver"), 1.0, 10.0)
        player = RealPlayer(around, NAMESPACE, driver)
        play(player)
        yield player
    api.close()


def test_driver_sees_the_same_calls(real: RealPlayer) -> None:
    ours = _played_by_us(real)

    assert ours == real.driver.seen


def test_scenario_has_calls_of_every_kind(real: RealPlayer) -> None:
    methods = {name for call in real.driver.seen for name in call}

    assert {"GetInfo", "Notify", "NodePrepareResources", "NodeUnprepareResources"} <= methods
    assert ("v1", "NodePrepareResources", "one", "two") in real.driver.seen


def _played_by_us(real: RealPlayer) -> list[Seen]:
    paths = BenchPaths.create()
    kubelet = Kubelet(paths, driver=NAME, read_claim=lambda _namespace, name: real.claims[name])
    try:
        with RecordingDriver(paths) as driver:
            kubelet.start()
            kubelet.registered(NAME, BUDGET)
            play(BenchPlayer(kubelet, real.claims, {n: pod.uid for n, pod in real.pods.items()}))
            kubelet.stop()
            return driver.seen
    finally:
        paths.remove()


def _paths_of(root: Path) -> BenchPaths:
    kubelet = root / ROOT.lstrip("/")
    return BenchPaths(
        root=root,
        kubelet_root=kubelet,
        registry=kubelet / "plugins_registry",
        plugins=kubelet / "plugins",
        cdi_static=root / "etc/cdi",
        cdi_dynamic=root / "run/cdi",
        state=root / "var/lib/drawplate",
    )


def _endpoint() -> str:
    """Give the socket of the driver as the node's kubelet finds it."""
    return f"{ROOT}/plugins/{NAME}/dra.sock"


def _hardware(node: str) -> list[dict[str, Any]]:
    head = {"apiVersion": "resource.k8s.io/v1"}
    selector = {"cel": {"expression": f'device.driver == "{NAME}"'}}
    pool = {"name": node, "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": NAME, "nodeName": node, "pool": pool}
    return [
        head
        | {"kind": "DeviceClass", "metadata": {"name": NAME}, "spec": {"selectors": [selector]}},
        head
        | {
            "kind": "ResourceSlice",
            "metadata": {"name": NAME},
            "spec": spec | {"devices": [{"name": name} for name in DEVICES]},
        },
    ]
