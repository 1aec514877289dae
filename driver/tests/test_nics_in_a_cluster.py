"""Network cards in pods of a real cluster: what they carry, and the way there and back."""

import json
from collections.abc import Iterator
from contextlib import suppress

import pytest
import yaml

from drawplate.driver.deploy.manifests import manifests
from drawplate.emulators.control.client import Hardware
from drawplate.emulators.places import ROOT
from drawplate.fixtures.clusters.local import lifecycle
from drawplate.fixtures.clusters.local.cluster import LocalCluster
from drawplate.fixtures.clusters.local.plan import HARDWARE
from drawplate.fixtures.clusters.provider import ClusterSpec
from drawplate.fixtures.images.get import ensure_images
from drawplate.fixtures.progress import silent
from drawplate.fixtures.tests.clusters.conftest import own_state
from drawplate.fixtures.tests.clusters.workloads import kubectl, run_pod

pytestmark = [pytest.mark.root, pytest.mark.slow]

DRIVER = "nic.drawplate.dev"
ADDRESSES = {"rdma0": "10.77.0.1", "rdma1": "10.77.0.2"}


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    """Give a cluster with the driver, and a claim for each of two cards."""
    for _ in own_state():
        cluster = lifecycle.up(ClusterSpec("nics", machine="nic-2xcx7"), silent())
        node = cluster.nodes[0]
        for archive in ensure_images(["driver"], silent()).values():
            node.load_image(archive)
        for name, address in ADDRESSES.items():
            done = node.run(["ip", "address", "add", f"{address}/24", "dev", name])
            assert done.returncode == 0, done.stderr
        root = HARDWARE / ROOT
        objects = manifests(
            image="localhost/drawplate/driver:1",
            family="nic",
            driver_root=str(root),
            sysfs_root=str(root / "sys"),
            dev_root=str(root / "dev"),
        )
        kubectl(cluster, "apply", "-f", "-", content=yaml.safe_dump_all(objects))
        rollout = ("rollout", "status", "daemonset/nic-drawplate-dev", "--timeout=90s")
        kubectl(cluster, "-n", "drawplate-driver", *rollout)
        for name in ADDRESSES:
            kubectl(cluster, "create", "-f", "-", content=json.dumps(claim(name)))
        yield cluster
        cluster.down()


def claim(interface: str) -> dict[str, object]:
    rule = f'device.attributes["{DRIVER}"].interfaceName == "{interface}"'
    request = {"deviceClassName": DRIVER, "selectors": [{"cel": {"expression": rule}}]}
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceClaim",
        "metadata": {"name": interface},
        "spec": {"devices": {"requests": [{"name": "card", "exactly": request}]}},
    }


def run_with(cluster: LocalCluster, pod: str, interface: str) -> None:
    used = {"claims": [{"name": "card"}]}
    claims = [{"name": "card", "resourceClaimName": interface}]
    # The first process of a container only gets the signals that it handles.
    command = ("sh", "-c", "trap exit TERM; sleep 3600 & wait")
    run_pod(cluster, pod, *command, resources=used, resourceClaims=claims)


def test_pods_with_claimed_cards_exchange_packets_and_the_cards_come_back(
    cluster: LocalCluster,
) -> None:
    run_with(cluster, "first", "rdma0")
    run_with(cluster, "second", "rdma1")
    ping = ("ping", "-c", "3", "-W", "5", "-I", "rdma0", ADDRESSES["rdma1"])
    shown = kubectl(cluster, "exec", "first", "--", *ping)
    shown_of_the_host = cluster.nodes[0].run(["ip", "link", "show", "dev", "rdma1"])
    kubectl(cluster, "delete", "pod", "first", "second")

    assert "3 packets received" in shown
    assert shown_of_the_host.returncode != 0
    (socket,) = cluster.hardware.values()
    with Hardware(socket) as hardware:
        generation = hardware.wait()
        while hardware.get("nic1", "netdev.where") != "node":
            generation = hardware.wait(generation + 1)


def test_a_container_that_starts_again_has_its_card(cluster: LocalCluster) -> None:
    run_with(cluster, "third", "rdma0")
    # The command may be killed with the container before it has ended.
    with suppress(AssertionError):
        kubectl(cluster, "exec", "third", "--", "kill", "1")
    again = "--for=jsonpath={.status.containerStatuses[0].restartCount}=1"
    kubectl(cluster, "wait", again, "pod/third", "--timeout=60s")
    kubectl(cluster, "wait", "--for=condition=Ready", "pod/third", "--timeout=60s")

    assert "UP" in kubectl(cluster, "exec", "third", "--", "ip", "link", "show", "rdma0")
    kubectl(cluster, "delete", "pod", "third")
