"""Drivers on a real cluster: by their manifests, and as a process in its node."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from drawplate.conformance.drivers.binaries import ensure_binaries
from drawplate.conformance.drivers.hardware import NodeHardware
from drawplate.conformance.drivers.identity import grant_access, issue_credentials
from drawplate.conformance.drivers.levers import pull
from drawplate.conformance.drivers.manifests import DeployedDriver
from drawplate.conformance.drivers.place import Place, StandardFolders
from drawplate.conformance.drivers.process import DriverProcess
from drawplate.conformance.profile.load import load
from drawplate.fixtures.clusters.local import lifecycle
from drawplate.fixtures.clusters.provider import Cluster, ClusterSpec
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.progress import silent

pytestmark = [pytest.mark.slow, pytest.mark.root]

BUDGET = 60.0


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    spec = ClusterSpec(name=f"selftest-deployed-{os.getpid()}", machine="dgx-h100")
    made = lifecycle.up(spec, silent(), owner_pid=os.getpid())
    yield made
    made.down()


@pytest.fixture(scope="module")
def cluster_api(cluster: Cluster) -> Iterator[KubeApi]:
    client = KubeApi(cluster.kubeconfig)
    yield client
    client.close()


def await_devices(api: KubeApi, driver: str, count: int) -> None:
    def complete(items: Sequence[dict[str, Any]]) -> bool:
        own = [item["spec"] for item in items if item["spec"]["driver"] == driver]
        return sum(len(spec.get("devices", ())) for spec in own) == count

    api.wait("ResourceSlice", complete, BUDGET)


def visible(api: KubeApi) -> dict[str, set[str]]:
    kinds = ("Namespace", "ClusterRole", "ClusterRoleBinding", "DeviceClass")
    return {kind: {item["metadata"]["name"] for item in api.list(kind)} for kind in kinds}


@pytest.fixture(scope="module")
def before(cluster_api: KubeApi) -> dict[str, set[str]]:
    """Give what the cluster has before the driver is deployed."""
    return visible(cluster_api)


@pytest.fixture(scope="module")
def deployed(
    cluster: Cluster, cluster_api: KubeApi, before: dict[str, set[str]]
) -> Iterator[DeployedDriver]:
    hardware = NodeHardware(cluster.nodes[0], StandardFolders().hardware)
    driver = DeployedDriver(load("reference"), cluster, cluster_api, hardware)
    try:
        driver.start(silent())
        yield driver
    finally:
        driver.stop()


def test_deployed_driver_publishes_and_follows_its_machine(
    deployed: DeployedDriver, cluster_api: KubeApi
) -> None:
    name = deployed.profile.driver.name
    await_devices(cluster_api, name, 8)

    pull(deployed, "unplug")
    await_devices(cluster_api, name, 7)
    pull(deployed, "replug")
    await_devices(cluster_api, name, 8)


@pytest.mark.parametrize("grace", [None, 0])
def test_restart_replaces_the_pods(deployed: DeployedDriver, grace: int | None) -> None:
    before = {pod["metadata"]["uid"] for pod in deployed.pods()}

    deployed.restart(grace=grace)

    after = {pod["metadata"]["uid"] for pod in deployed.pods()}
    assert len(after) == len(before) == 1
    assert after.isdisjoint(before)


def test_nothing_of_the_driver_stays_after_its_end(
    deployed: DeployedDriver, cluster_api: KubeApi, before: dict[str, set[str]]
) -> None:
    during = visible(cluster_api)

    deployed.stop()

    assert all(during[kind] > names for kind, names in before.items())
    assert visible(cluster_api) == before


def test_process_in_the_node_publishes_restarts_and_ends(
    cluster: Cluster, cluster_api: KubeApi, tmp_path: Path
) -> None:
    profile = load("upstream-test-driver")
    node = cluster.nodes[0]
    place = Place.on(
        StandardFolders(),
        kubeconfig=Path("/var/lib/drawplate/driver.kubeconfig"),
        node_name=node.name,
        binaries=ensure_binaries(profile, silent()),
    )
    grant_access(profile, cluster_api, place.values(profile.driver.name))
    issue_credentials(profile, cluster_api, node.name, node.path(str(place.kubeconfig)))

    with DriverProcess(profile, place, log=tmp_path / "driver.log", node=node) as driver:
        await_devices(cluster_api, profile.driver.name, 4)
        assert node.path(f"/var/lib/kubelet/plugins/{profile.driver.name}/dra.sock").is_socket()
        first = driver.pid

        driver.restart()

        assert driver.pid != first
        driver.require_alive()
        assert driver.kill() == -9
        assert not driver.alive
