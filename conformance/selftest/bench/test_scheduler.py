"""Allocations that a real API server accepts, and a bench node that leaves nothing there."""

from typing import Any

import pytest

from drawplate.conformance.bench.claims import results_of
from drawplate.conformance.bench.node import BenchNode
from drawplate.conformance.bench.pools import DeviceKey
from drawplate.conformance.problems import Inconclusive
from drawplate.conformance.selftest.bench.published import gpu, slice_of
from drawplate.conformance.selftest.bench.scripted import NAME, ScriptedDriver
from drawplate.fixtures.kubeapi import KubeApi

pytestmark = pytest.mark.slow

Object = dict[str, Any]
SHARED = {"name": "s", "allowMultipleAllocations": True, "capacity": {"memory": {"value": "8Gi"}}}


def publish(node: BenchNode, *devices: Object, generation: int = 1, count: int = 1) -> Object:
    body = slice_of(*devices, pool=node.name, generation=generation, count=count)
    body["spec"] |= {"nodeName": node.name, "driver": node.driver}
    meta = {"generateName": "slice-"}
    kind = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceSlice", "metadata": meta}
    return node.ours.create(body | kind)


@pytest.fixture
def classed(node: BenchNode) -> BenchNode:
    """Give a node whose driver has a class of the node's name."""
    node.ours.create(
        {
            "apiVersion": "resource.k8s.io/v1",
            "kind": "DeviceClass",
            "metadata": {"name": node.name},
            "spec": {"selectors": [{"cel": {"expression": f'device.driver == "{NAME}"'}}]},
        }
    )
    return node


def claim(node: BenchNode, name: str = "gpu", **spec: Any) -> Object:
    request = {"name": name, "exactly": {"deviceClassName": node.name} | spec}
    return node.scheduler.claim(node.namespace, [request])


def devices(claim: Object) -> list[str]:
    return [one.device for one in results_of(claim)]


def test_claims_get_devices_of_their_own_and_give_them_back(classed: BenchNode) -> None:
    scheduler = classed.scheduler
    publish(classed, gpu("a"), gpu("b"))
    assert len(scheduler.slices(budget=10)) == 1
    first, second = (scheduler.allocate(claim(classed)) for _ in range(2))
    assert [devices(first), devices(second)] == [["a"], ["b"]]
    with pytest.raises(Inconclusive, match="no devices"):
        scheduler.allocate(claim(classed))
    scheduler.deallocate(first)
    assert devices(scheduler.allocate(claim(classed))) == ["a"]


def test_a_fault_test_may_give_a_device_twice_or_another_one(classed: BenchNode) -> None:
    scheduler = classed.scheduler
    publish(classed, gpu("a"), gpu("b"))
    first = scheduler.allocate(claim(classed), devices=["b"])
    second = scheduler.allocate(claim(classed), devices=results_of(first))
    assert devices(first) == devices(second) == ["b"]
    moved = scheduler.allocate(first, devices=["a"])
    assert devices(moved) == ["a"]
    assert moved["metadata"]["uid"] == first["metadata"]["uid"]
    gone = scheduler.allocate(second, devices=[DeviceKey(NAME, classed.name, "unplugged")])
    assert devices(gone) == ["unplugged"]
    with pytest.raises(Inconclusive, match="publishes no device"):
        scheduler.allocate(second, devices=["nobody"])


def test_a_share_is_written_with_id_and_capacity(classed: BenchNode) -> None:
    publish(classed, SHARED | {"capacity": {"memory": {"value": "8Gi"}}})
    wanted = {"requests": {"memory": "3Gi"}}
    shares = [
        classed.scheduler.allocate(claim(classed, capacity=wanted))["status"]["allocation"]
        for _ in range(2)
    ]
    results = [share["devices"]["results"][0] for share in shares]
    assert [one["consumedCapacity"] for one in results] == [{"memory": "3Gi"}] * 2
    assert results[0]["shareID"] != results[1]["shareID"]
    with pytest.raises(Inconclusive):
        classed.scheduler.allocate(claim(classed, capacity=wanted))


def test_a_pool_is_waited_for_until_all_its_slices_are_there(classed: BenchNode) -> None:
    publish(classed, gpu("a"), count=2)
    with pytest.raises(Inconclusive, match="complete pools"):
        classed.scheduler.slices(budget=0.3)
    publish(classed, gpu("b"), count=2)
    classed.scheduler.slices(budget=10)
    assert [device.name for device in classed.scheduler.devices()]


def test_reservations_are_written_and_a_pod_is_made_up(classed: BenchNode) -> None:
    publish(classed, gpu("a"))
    made = classed.scheduler.allocate(claim(classed))
    (consumer,) = made["status"]["reservedFor"]
    assert consumer["resource"] == "pods"
    pods = [{"name": "a", "uid": "1"}, {"name": "b", "uid": "2"}]
    reserved = classed.scheduler.reserve(made, *pods)["status"]["reservedFor"]
    assert [one["name"] for one in reserved] == ["a", "b"]


def test_an_allocated_claim_goes_through_the_kubelet(
    classed: BenchNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(classed, gpu("gpu-0"))
    classed.kubelet.start()
    with ScriptedDriver(classed.paths):
        classed.kubelet.registered(budget=10)
        made = classed.scheduler.allocate(claim(classed))
        outcome = classed.kubelet.prepare(made)
        assert outcome.ok
        assert outcome.breaks("not-allocated"), "the scripted driver names another pool"
        assert classed.kubelet.unprepare(made).ok


def test_a_closed_node_leaves_nothing(classed: BenchNode) -> None:
    api = KubeApi(classed.api.kubeconfig)
    publish(classed, gpu("a"))
    classed.scheduler.allocate(claim(classed))
    classed.close()
    assert not classed.paths.root.exists()
    label = "drawplate.dev/run=selftest"
    for kind in ("Node", "Namespace", "ClusterRole", "ClusterRoleBinding", "Pod", "DeviceClass"):
        assert api.list(kind, labels=label) == [], kind
    assert api.list("ResourceSlice", fields=f"spec.nodeName={classed.name}") == []
    api.close()
