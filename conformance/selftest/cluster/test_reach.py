"""Claims that several nodes may use: whose nodes, and what is done when there is only one."""

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from drawplate.conformance.bench.nodes import NodeFacts
from drawplate.conformance.cluster.reach import share
from drawplate.conformance.problems import Inconclusive

if TYPE_CHECKING:
    from drawplate.conformance.cluster.stage import Stage

LINUX = {
    "nodeSelectorTerms": [
        {"matchExpressions": [{"key": "os", "operator": "In", "values": ["linux"]}]}
    ]
}
FIRST = {
    "nodeSelectorTerms": [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]}
    ]
}


class Claims:
    """A stage whose scheduler sends every pod to node a, with the given node selectors."""

    def __init__(self, **selectors: Any) -> None:
        self.selectors = selectors
        self.freed: list[str] = []
        labels = {"a": "linux", "b": "linux", "c": "other"}
        self.nodes = [
            SimpleNamespace(name=name, facts=NodeFacts(name, {"os": os}))
            for name, os in labels.items()
        ]

    def widest_need(self) -> str:
        return "all"

    def claim(self, need: str) -> Any:
        selector = self.selectors[need]
        allocation = {"nodeSelector": selector} if selector else {}

        def becomes_free() -> bool:
            self.freed.append(need)
            return True

        made = {"status": {"allocation": allocation}}
        return SimpleNamespace(name=need, object=lambda: made, becomes_free=becomes_free)

    def pod(self, *_: Any, on: Any) -> Any:
        pod = SimpleNamespace(node=on[0].name, delete_and_wait=lambda: None)
        pod.scheduled = lambda: pod
        return pod

    def node_of(self, pod: Any) -> Any:
        return next(node for node in self.nodes if node.name == pod.node)


def names(stage: Claims) -> tuple[str, str, list[str]]:
    found = share(cast("Stage", stage))
    return found.claim.name, found.home.name, [node.name for node in found.others]


@pytest.mark.parametrize(("selector", "others"), [(LINUX, ["b"]), (None, ["b", "c"])])
def test_other_nodes_are_those_that_the_allocation_admits(selector: Any, others: list[str]) -> None:
    assert names(Claims(all=selector)) == ("all", "a", others)


def test_when_some_devices_are_for_one_node_a_single_device_may_not_be() -> None:
    stage = Claims(all=FIRST, one=LINUX)

    assert names(stage) == ("one", "a", ["b"])
    assert stage.freed == ["all"], "the first claim holds what the second needs"


def test_without_a_claim_for_several_nodes_nothing_can_be_told() -> None:
    with pytest.raises(Inconclusive, match="for a single node"):
        names(Claims(all=FIRST, one=FIRST))
