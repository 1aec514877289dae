"""DaemonSets held away from single nodes, without touching the pods of the others."""

from typing import TYPE_CHECKING, Any, cast

import pytest

from drawplate.conformance.cluster.daemonsets import NOBODY_ROLLS, DaemonSets, without_nodes
from drawplate.conformance.profile.deployment import Manifests
from drawplate.fixtures.progress import silent

if TYPE_CHECKING:
    from drawplate.conformance.drivers.manifests import DeployedDriver
    from drawplate.fixtures.kubeapi import KubeApi

TERM = {"matchExpressions": [{"key": "gpu", "operator": "Exists"}]}
ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}}


def excluded(affinity: Any) -> list[list[str]]:
    """Give the names that each term excludes."""
    required = affinity["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    return [
        [name for one in term.get("matchFields", ()) for name in one["values"]]
        for term in required["nodeSelectorTerms"]
    ]


@pytest.mark.parametrize("affinity", [None, {}, {"nodeAffinity": {}}])
def test_nodes_are_excluded_by_name_one_by_one(affinity: Any) -> None:
    found = without_nodes(affinity, {"b", "a"})

    assert excluded(found) == [["a", "b"]]
    assert affinity in (None, {}, {"nodeAffinity": {}}), "what was given is changed"


def test_affinity_of_the_driver_stays_as_it_is_beside() -> None:
    required = {"nodeSelectorTerms": [TERM, TERM]}
    own = {
        "nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": required},
        "podAffinity": {},
    }

    found = without_nodes(own, {"a"})

    assert excluded(found) == [["a"], ["a"]]
    assert "podAffinity" in found
    assert without_nodes(own, set()) == own
    assert required == {"nodeSelectorTerms": [TERM, TERM]}


class Server:
    """Has one DaemonSet, and takes changes of it."""

    def __init__(self) -> None:
        template = {"metadata": {"annotations": {"mine": "1"}}, "spec": {}}
        self.spec: dict[str, Any] = {"updateStrategy": ROLLING, "template": template}
        self.strategies: list[Any] = []

    def find(self, *_: object) -> None:
        return None

    def get(self, *_: object) -> dict[str, Any]:
        return {"spec": dict(self.spec)}

    def patch(self, kind: str, name: str, changes: Any, namespace: str) -> None:
        assert (kind, name, namespace) == ("DaemonSet", "plugin", "drivers")
        for change in changes:
            assert change["op"] == "add"
            *folders, last = change["path"].split("/")[2:]
            place = self.spec
            for folder in folders:
                place[folder] = dict(place[folder])
                place = place[folder]
            place[last] = change["value"]
        self.strategies.append(self.spec["updateStrategy"])

    def wait_for(self, *_: object) -> None:
        return None


def workload(name: str, *folders: str) -> dict[str, Any]:
    volumes = [{"name": "v", "hostPath": {"path": folder}} for folder in folders]
    spec = {"volumes": [{"name": "m", "configMap": {"name": "m"}}, *volumes]}
    return {
        "kind": "DaemonSet",
        "metadata": {"name": name},
        "spec": {"template": {"spec": spec}},
    }


class Applied:
    """A driver that only counts how often it is applied."""

    times = 0

    def objects(self) -> list[dict[str, Any]]:
        return [workload("plugin", "/a", "/b", "/a"), workload("other", "/c")]

    def start(self, _: object) -> None:
        self.times += 1


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def applied() -> Applied:
    return Applied()


@pytest.fixture
def sets(server: Server, applied: Applied) -> DaemonSets:
    wanted = {"namespace": "drivers", "files": ("x.yaml",), "rollout": ("DaemonSet/plugin",)}
    manifests = Manifests.model_validate(wanted)
    api, driver = cast("KubeApi", server), cast("DeployedDriver", applied)
    return DaemonSets(driver, manifests, api, silent())


def test_objects_are_applied_once_for_all_nodes(sets: DaemonSets, applied: Applied) -> None:
    sets.apply()
    sets.apply()

    assert applied.times == 1


def test_folders_of_the_node_are_those_of_the_drivers_own_pods(sets: DaemonSets) -> None:
    assert [*sets.host_folders()] == ["/a", "/b"]


def test_nodes_are_held_away_and_let_back_on_their_own(sets: DaemonSets, server: Server) -> None:
    sets.apply()
    sets.hold_away("a")
    sets.hold_away("b")
    assert excluded(server.spec["template"]["spec"]["affinity"]) == [["a", "b"]]

    sets.let_back("a")
    assert excluded(server.spec["template"]["spec"]["affinity"]) == [["b"]]
    sets.let_back("b")
    assert server.spec["template"]["spec"]["affinity"] is None


def test_no_change_of_the_template_replaces_pods(sets: DaemonSets, server: Server) -> None:
    sets.apply()
    sets.hold_away("a")
    sets.let_back("a")

    assert server.strategies == [NOBODY_ROLLS] * 3


def test_a_roll_is_done_as_the_driver_wants_it(sets: DaemonSets, server: Server) -> None:
    sets.apply()
    sets.roll()
    first = server.spec["template"]["metadata"]["annotations"]
    sets.roll()

    assert server.strategies == [NOBODY_ROLLS, ROLLING, NOBODY_ROLLS, ROLLING, NOBODY_ROLLS]
    assert first["mine"] == "1"
    assert server.spec["template"]["metadata"]["annotations"] != first


def pod(node: str, owner: str = "plugin", **parts: Any) -> dict[str, Any]:
    owners = [{"kind": "DaemonSet", "name": owner}]
    ready = {"conditions": [{"type": "Ready", "status": "True"}]}
    return {
        "metadata": {"name": "p", "ownerReferences": owners},
        "spec": {"nodeName": node},
        "status": ready,
    } | parts


def test_pods_are_told_apart_by_node_and_owner(sets: DaemonSets) -> None:
    ours, elsewhere, others = pod("a"), pod("b"), pod("a", "other")

    assert sets.those_on("a", [ours, elsewhere, others]) == [ours]


def test_pods_that_end_do_not_count_as_ready(sets: DaemonSets) -> None:
    ending = pod("a")
    ending["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    assert sets.are_ready([pod("a")])
    assert sets.are_ready([ending, pod("a")])
    assert not sets.are_ready([ending])
    assert not sets.are_ready([])
    assert not sets.are_ready([pod("a"), pod("a", status={})])
