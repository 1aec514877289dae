"""Stages of tests that use several nodes: which they are, and that nothing of them is forgotten."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from drawplate.conformance.alone import Alone
from drawplate.conformance.cluster import objects
from drawplate.conformance.cluster.claim import Claim
from drawplate.conformance.cluster.lease import Lease
from drawplate.conformance.cluster.objects import PodSpec
from drawplate.conformance.cluster.replicas import Replicas
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.problems import Inconclusive, SuiteError
from drawplate.fixtures.waiting import NotInTime

if TYPE_CHECKING:
    from drawplate.conformance.cluster.pod import Pod, Surroundings
    from drawplate.conformance.cluster.site import Site
    from drawplate.fixtures.kubeapi import KubeApi


class Instance:
    """A deployment whose update replaces the instances of some nodes."""

    def __init__(self, *reached: "Instance") -> None:
        self.instance = "1"
        self.rolls = 0
        self._reached = reached

    def roll(self) -> None:
        self.rolls += 1
        for one in (self, *self._reached):
            one.instance = "2"


def site(name: str, part: Any = "cluster", deployment: Instance | None = None) -> "Site":
    """Give as much of a site as a stage needs, with a driver that notes what is expected of it."""
    noted: list[str] = []
    driver = SimpleNamespace(
        deployment=deployment or Instance(),
        expect_new_instance=lambda: noted.append(name),
        noted=noted,
    )
    made = SimpleNamespace(
        node=SimpleNamespace(name=name),
        driver=driver,
        profile=None,
        lease=Lease(Alone(part)),
        control_plane=name == "control-plane",
    )
    return cast("Site", made)


def test_the_stages_own_node_is_the_first() -> None:
    stage = Stage(site("b"), "ns", lambda: [site("a"), site("c")])

    assert [node.name for node in stage.nodes] == ["b", "a", "c"]
    assert [one.node.name for one in stage.sites] == ["b", "a", "c"]


def test_others_are_asked_for_once_and_only_by_who_uses_them() -> None:
    asked: list[int] = []

    def others() -> list["Site"]:
        asked.append(1)
        return [site("b")]

    stage = Stage(site("a"), "ns", others)
    assert len(stage.sites) == 1
    assert asked == []
    assert stage.nodes == stage.nodes
    assert asked == [1]


def test_one_node_is_not_several() -> None:
    with pytest.raises(Inconclusive, match="one node"):
        assert Stage(site("a"), "ns").nodes


@pytest.mark.parametrize("part", ["node", "driver"])
def test_nodes_of_others_are_not_used_without_the_cluster(part: str) -> None:
    with pytest.raises(SuiteError, match="cluster alone"):
        assert Stage(site("a", part), "ns", lambda: [site("b", part)]).nodes


def test_a_node_that_may_be_lost_is_none_of_the_control_plane() -> None:
    stage = Stage(site("a"), "ns", lambda: [site("b"), site("control-plane")])
    assert stage.expendable_node().name == "b"

    with pytest.raises(Inconclusive, match="control plane"):
        Stage(site("control-plane"), "ns", lambda: [site("control-plane")]).expendable_node()


def test_an_update_reaches_every_node_once() -> None:
    first, second = Instance(), Instance()
    sites = [site("a", deployment=first), site("b", deployment=second)]
    Stage(sites[0], "ns", lambda: sites[1:]).roll()

    assert (first.rolls, second.rolls) == (1, 1)
    assert [one.driver.noted for one in sites] == [["a"], ["b"]]  # type: ignore[attr-defined]


def test_an_update_that_reaches_all_is_not_done_again() -> None:
    second = Instance()
    first = Instance(second)
    sites = [site("a", deployment=first), site("b", deployment=second)]
    Stage(sites[0], "ns", lambda: sites[1:]).roll()

    assert (first.rolls, second.rolls) == (1, 0)


def test_a_pod_may_run_on_any_of_its_nodes() -> None:
    pod = objects.pod("p", "ns", PodSpec(["a", "b"], [], []))

    affinity = pod["spec"]["affinity"]["nodeAffinity"]
    terms = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert [one["values"] for term in terms for one in term["matchFields"]] == [["a"], ["b"]]


def test_a_replica_set_finds_the_pods_that_it_makes() -> None:
    made = objects.replicas("r", "ns", PodSpec(["a"], [], []))

    labels = made["spec"]["template"]["metadata"]["labels"]
    assert made["spec"]["selector"]["matchLabels"] == labels == {"app": "r"}


class Server:
    """Gives one object, or a list of pods."""

    def __init__(self, found: Any) -> None:
        self._found = found

    def find(self, *_: str) -> Any:
        return self._found

    def wait(self, _kind: str, holds: Any, budget: float, _selection: object, what: str) -> Any:
        if not holds(self._found):
            raise NotInTime(what, budget, "")
        return self._found


def named(*names: str) -> dict[str, Any]:
    return {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [*names]}]}


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ({"nodeSelectorTerms": [named("a")]}, {"a"}),
        ({"nodeSelectorTerms": [named("a"), named("b")]}, {"a", "b"}),
        # One of them is for more nodes than can be named.
        ({"nodeSelectorTerms": [named("a"), {"matchExpressions": []}]}, set()),
        (None, set()),
    ],
)
def test_nodes_of_an_allocation_are_those_that_it_names(selector: Any, names: set[str]) -> None:
    found = {"status": {"allocation": {"nodeSelector": selector}}}

    claim = Claim(cast("KubeApi", Server(found)), "ns", "c", 1.0)

    assert claim.node_names() == names


def pod(uid: str) -> dict[str, Any]:
    return {"metadata": {"name": f"p-{uid}", "namespace": "ns", "uid": uid}}


def replicas(*pods: str) -> Replicas:
    around = SimpleNamespace(api=Server([pod(uid) for uid in pods]), start_seconds=1.0)
    made = {"metadata": {"name": "r", "namespace": "ns"}}
    return Replicas(cast("Surroundings", around), made)


def test_the_next_pod_of_a_set_is_another_one() -> None:
    old = replicas("1").pod()

    assert replicas("1", "2").pod(instead_of=old).uid == "2"
    with pytest.raises(Inconclusive, match="no other pod"):
        replicas("1").pod(instead_of=old)
    assert _uid(old) == "1"


def _uid(found: "Pod") -> str:
    return found.uid
