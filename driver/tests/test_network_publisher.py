"""Publishing pools of network-attached devices, side by side."""

from pathlib import Path
from typing import Any

import pytest

from drawplate.driver import fabric_file
from drawplate.driver.api import ApiError
from drawplate.driver.metrics import Metrics
from drawplate.driver.network_publisher import NetworkPublisher
from drawplate.driver.owner import Owner
from drawplate.driver.tests.fakes import DRIVER, SLICES, FakeApi
from drawplate.driver.tests.inventories import pool, write
from drawplate.driver.withdrawing import Withdrawal

NAMESPACE = "/api/v1/namespaces/drivers"
LINUX = {"zone": "a", "kubernetes.io/os": "linux"}
OF_LINUX = {
    "nodeSelectorTerms": [
        {
            "matchExpressions": [
                {"key": "kubernetes.io/os", "operator": "In", "values": ["linux"]},
                {"key": "zone", "operator": "In", "values": ["a"]},
            ]
        }
    ]
}


class Bed:
    """Publishers of an inventory, with their fake server."""

    def __init__(self, api: FakeApi, folder: Path) -> None:
        self.api = api
        self.folder = folder
        self.owner: Owner | None = Owner.namespace("drivers")
        self.publishers: dict[str, NetworkPublisher] = {}
        api.put(NAMESPACE, {"metadata": {"uid": "namespace-uid"}})

    def publish(self, *pools: dict[str, Any]) -> None:
        """Publish the pools, each twice as its turn comes."""
        for one in fabric_file.read(write(self.folder, *pools)):
            if one.name not in self.publishers:
                self.publishers[one.name] = NetworkPublisher(
                    lambda: self.api, DRIVER, one, Metrics(), self.owner
                )
            self.publishers[one.name].follow(one)
        self.reconcile()

    def reconcile(self) -> None:
        for _ in range(2):
            for publisher in self.publishers.values():
                publisher.reconcile()

    def withdraw(self, *known: str) -> None:
        Withdrawal(lambda: self.api, DRIVER, lambda: known, Metrics()).reconcile()

    @property
    def slices(self) -> dict[str, dict[str, Any]]:
        """What the server has, by the name of the pool, which must have one slice."""
        found = [one for path, one in self.api.objects.items() if path.startswith(SLICES)]
        by_pool = {one["spec"]["pool"]["name"]: one for one in found}
        assert len(by_pool) == len(found)
        return by_pool

    def edit(self, name: str, **spec: Any) -> None:
        """Change a pool's slice as somebody else; None takes a field away."""
        found = self.slices[name]
        changed = {key: value for key, value in {**found["spec"], **spec}.items() if value}
        self.api.put(f"{SLICES}/{found['metadata']['name']}", {**found, "spec": changed})


def stranger(**spec: Any) -> dict[str, Any]:
    base = {
        "driver": DRIVER,
        "pool": {"name": "everywhere", "generation": 50, "resourceSliceCount": 1},
        "nodeName": "node-a",
        "devices": [{"name": "bogus"}],
    }
    return {"metadata": {"name": "stranger"}, "spec": {**base, **spec}}


@pytest.fixture
def bed(api: FakeApi, tmp_path: Path) -> Bed:
    return Bed(api, tmp_path)


def test_pools_say_which_nodes_can_use_them_and_leave_each_other_alone(bed: Bed) -> None:
    bed.publish(pool("everywhere", 1, 2), pool("a/linux", 3, nodeLabels=LINUX))
    first, second = bed.slices["everywhere"], bed.slices["a/linux"]

    assert first["spec"].keys() == {"driver", "allNodes", "pool", "devices"}
    assert first["spec"]["allNodes"] is True
    assert second["spec"].keys() == {"driver", "nodeSelector", "pool", "devices"}
    assert second["spec"]["nodeSelector"] == OF_LINUX
    assert [one["name"] for one in first["spec"]["devices"]] == ["acc-1", "acc-2"]
    assert second["metadata"]["generateName"] == f"00000-{DRIVER}-a-linux-"
    assert [verb for verb, _ in bed.api.writes] == ["create", "create"]


def test_the_namespace_owns_the_slices_and_does_not_control_them(bed: Bed) -> None:
    bed.publish(pool("everywhere", 1))

    assert bed.slices["everywhere"]["metadata"]["ownerReferences"] == [
        {"apiVersion": "v1", "kind": "Namespace", "name": "drivers", "uid": "namespace-uid"}
    ]


def test_without_a_namespace_slices_have_no_owner_and_none_is_looked_for(bed: Bed) -> None:
    bed.owner = None
    bed.publish(pool("everywhere", 1))

    assert "ownerReferences" not in bed.slices["everywhere"]["metadata"]
    assert bed.publishers["everywhere"].reconcile() is None
    assert ("get", NAMESPACE) not in bed.api.calls


def test_other_nodes_and_other_devices_are_updates(bed: Bed) -> None:
    bed.publish(pool("everywhere", 1))
    name = bed.slices["everywhere"]["metadata"]["name"]
    bed.publish(pool("everywhere", 2, nodeLabels=LINUX))

    spec = bed.slices["everywhere"]["spec"]
    assert bed.slices["everywhere"]["metadata"]["name"] == name
    assert spec["nodeSelector"] == OF_LINUX
    assert "allNodes" not in spec
    assert [one["name"] for one in spec["devices"]] == ["acc-2"]
    bed.publish(pool("everywhere", 2))
    assert bed.slices["everywhere"]["spec"]["allNodes"] is True
    assert [verb for verb, _ in bed.api.writes] == ["create", "replace", "replace"]


def test_devices_are_not_offered_to_the_nodes_of_the_state_before(bed: Bed) -> None:
    bed.publish(pool("everywhere", 1))
    publisher = bed.publishers["everywhere"]
    (later,) = fabric_file.read(write(bed.folder, pool("everywhere", 2, nodeLabels=LINUX)))
    get = bed.api.get

    def change_meanwhile(path: str, **more: Any) -> Any:
        publisher.follow(later)
        return get(path, **more)

    bed.api.get = change_meanwhile  # type: ignore[method-assign] # another thread
    publisher.reconcile()

    spec = bed.slices["everywhere"]["spec"]
    assert ([one["name"] for one in spec["devices"]], spec["allNodes"]) == (["acc-1"], True)


@pytest.mark.parametrize(
    "edit",
    [
        {"devices": [{"name": "bogus"}]},
        {"nodeSelector": None, "allNodes": True},
        {"nodeSelector": {"nodeSelectorTerms": [{"matchExpressions": []}]}},
        {"nodeSelector": None, "perDeviceNodeSelection": True},
        {"pool": {"name": "linux", "generation": 1, "resourceSliceCount": 7}},
    ],
)
def test_an_edit_is_reverted(bed: Bed, edit: dict[str, Any]) -> None:
    bed.publish(pool("linux", 1, nodeLabels=LINUX))
    before = bed.slices["linux"]["spec"]
    bed.edit("linux", **edit)
    bed.reconcile()

    assert bed.slices["linux"]["spec"] == before


def test_a_slice_of_a_node_in_the_pool_is_removed(bed: Bed) -> None:
    bed.publish(pool("everywhere", 1))
    before = bed.slices["everywhere"]
    bed.api.put(f"{SLICES}/stranger", stranger())
    bed.reconcile()

    assert bed.slices["everywhere"] == before


def test_a_slice_of_a_node_that_may_not_be_removed_is_outbid(bed: Bed) -> None:
    bed.publish(pool("everywhere", 1))
    bed.api.put(f"{SLICES}/stranger", stranger())
    bed.api.refuse[f"delete {SLICES}/stranger"] = ApiError("forbidden", 403)
    bed.reconcile()
    bed.api.objects.pop(f"{SLICES}/stranger")

    assert bed.slices["everywhere"]["spec"]["pool"]["generation"] == 51


@pytest.mark.parametrize(
    "spec",
    [
        {"pool": {"name": "node-a", "generation": 1, "resourceSliceCount": 1}},
        {"driver": "other.example.com", "nodeName": None, "allNodes": True},
    ],
)
def test_slices_of_other_pools_of_nodes_and_other_drivers_are_left_alone(
    bed: Bed, spec: dict[str, Any]
) -> None:
    bed.api.put(f"{SLICES}/stranger", stranger(**spec))
    bed.publish(pool("linux", 1))
    bed.withdraw("linux")

    assert f"{SLICES}/stranger" in bed.api.objects
    assert not bed.publishers["linux"].is_news(
        {"type": "DELETED", "object": bed.api.objects[f"{SLICES}/stranger"]}
    )


def test_slices_of_no_pool_of_the_inventory_are_withdrawn(bed: Bed) -> None:
    bed.publish(pool("everywhere", 1), pool("linux", 2, nodeLabels=LINUX))
    bed.withdraw("everywhere", "linux")
    assert bed.slices.keys() == {"everywhere", "linux"}
    bed.withdraw("everywhere")

    assert bed.slices.keys() == {"everywhere"}
    bed.withdraw()
    assert bed.slices == {}


def test_only_slices_that_are_to_be_withdrawn_are_news(bed: Bed) -> None:
    bed.publish(pool("everywhere", 1), pool("linux", 2))
    withdrawal = Withdrawal(lambda: bed.api, DRIVER, lambda: {"linux"}, Metrics())

    assert withdrawal.is_news({"type": "ADDED", "object": bed.slices["everywhere"]})
    assert not withdrawal.is_news({"type": "ADDED", "object": bed.slices["linux"]})
    assert not withdrawal.is_news({"type": "DELETED", "object": bed.slices["everywhere"]})
    assert not withdrawal.is_news({"type": "BOOKMARK", "object": {"metadata": {}}})
