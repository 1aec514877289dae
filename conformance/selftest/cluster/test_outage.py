"""Nodes that were taken away come back, whoever took them; what was not touched stays untouched."""

from typing import TYPE_CHECKING, Any, cast

import pytest

from drawplate.conformance.cluster import outage
from drawplate.conformance.problems import Inconclusive
from drawplate.fixtures.waiting import NotInTime

if TYPE_CHECKING:
    from drawplate.fixtures.clusters.provider import Node
    from drawplate.fixtures.kubeapi import KubeApi

UNREACHABLE = {"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"}


class Machine:
    """A node that writes down what is done to it."""

    name = "a"

    def __init__(self) -> None:
        self.done: list[str] = []

    def stop(self, component: str) -> None:
        self.done.append(f"stop {component}")

    def start(self, component: str) -> None:
        self.done.append(f"start {component}")


class Server:
    """Has one Node; what is waited for has happened, or never will."""

    def __init__(self) -> None:
        self.notes: dict[str, str] = {}
        self.unschedulable: bool | None = None
        self.ready = "True"
        self.taints: list[dict[str, str]] = []

    def get(self, *_: object) -> dict[str, Any]:
        return {
            "metadata": {"annotations": dict(self.notes)},
            "spec": {"taints": self.taints},
            "status": {"conditions": [{"type": "Ready", "status": self.ready}]},
        }

    def patch(self, _kind: str, _name: str, body: Any) -> None:
        self.unschedulable = body.get("spec", {}).get("unschedulable", self.unschedulable)
        if body.get("spec", {"unschedulable": ""}).get("unschedulable", "") is None:
            self.unschedulable = None
        for name, value in body.get("metadata", {}).get("annotations", {}).items():
            if value is None:
                self.notes.pop(name, None)
            else:
                self.notes[name] = value

    def wait_for(self, _kind: str, name: str, holds: Any, budget: float) -> None:
        if not holds(self.get()):
            raise NotInTime(name, budget, "")


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def machine() -> Machine:
    return Machine()


def mend(server: Server, machine: Machine) -> None:
    outage.mend(cast("Node", machine), cast("KubeApi", server), 1.0)


def lose(server: Server, machine: Machine) -> None:
    outage.lose(cast("Node", machine), cast("KubeApi", server), 1.0)


def test_a_node_that_nobody_touched_is_left_alone(server: Server, machine: Machine) -> None:
    server.unschedulable = True  # Somebody else's doing.

    mend(server, machine)

    assert machine.done == []
    assert server.unschedulable is True


def test_a_lost_node_is_noted_before_it_is_lost(server: Server, machine: Machine) -> None:
    with pytest.raises(Inconclusive, match="does not miss"):
        lose(server, machine)

    assert machine.done == ["stop kubelet", "stop containerd"]
    mend(server, machine)
    assert machine.done[2:] == ["start containerd", "start kubelet"]
    assert server.notes == {}
    mend(server, machine)
    assert len(machine.done) == 4


@pytest.mark.parametrize("status", ["Unknown", "False"])
def test_a_node_that_is_not_ready_is_missed(status: str, server: Server, machine: Machine) -> None:
    server.ready = status

    lose(server, machine)


def test_a_node_is_back_when_pods_may_go_there(server: Server, machine: Machine) -> None:
    server.notes[outage.LOST] = "true"
    server.taints = [UNREACHABLE]

    with pytest.raises(Inconclusive, match="does not come back"):
        mend(server, machine)
    assert outage.LOST in server.notes, "nobody would try again"
    server.taints = []
    mend(server, machine)
    assert server.notes == {}


def test_a_cordon_of_ours_is_lifted(server: Server, machine: Machine) -> None:
    outage.cordon(cast("Node", machine), cast("KubeApi", server))
    assert server.unschedulable is True

    mend(server, machine)

    assert server.unschedulable is None
    assert server.notes == {}
    assert machine.done == []
