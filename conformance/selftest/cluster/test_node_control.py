"""Nodes that are not ours are restarted by commands of the profile."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from drawplate.conformance.cluster import nodecontrol
from drawplate.conformance.problems import Inconclusive
from drawplate.conformance.profile.load import load
from drawplate.conformance.profile.model import Profile
from drawplate.fixtures.waiting import NotInTime

if TYPE_CHECKING:
    from drawplate.fixtures.clusters.provider import Node
    from drawplate.fixtures.kubeapi import KubeApi


class Ours:
    """A node that can do everything, and remembers what."""

    name = "ours"
    abilities = frozenset({"components", "reboot"})

    def __init__(self) -> None:
        self.done: list[str] = []

    def restart(self, component: str) -> None:
        self.done.append(component)

    def lose_boot_state(self) -> None:
        self.done.append("reboot")


class Theirs:
    name = "theirs-0"
    abilities: frozenset[str] = frozenset()


class Boots:
    """Gives a Node as it is at first, and then one after the other."""

    def __init__(self, *later: dict[str, Any]) -> None:
        self._later = later

    def get(self, _kind: str, _name: str) -> dict[str, Any]:
        return booted("a")

    def wait_for(self, kind: str, _name: str, holds: Any, budget: float) -> None:
        if not any(holds(each) for each in self._later):
            raise NotInTime(kind, budget)


def booted(boot: str, ready: str = "True") -> dict[str, Any]:
    conditions = [{"type": "Ready", "status": ready}]
    return {"status": {"nodeInfo": {"bootID": boot}, "conditions": conditions}}


def profile_with(**commands: tuple[str, ...]) -> Profile:
    found = load("reference")
    return found.model_copy(update={"nodes": found.nodes.model_copy(update=commands)})


def test_nodes_of_ours_are_restarted_by_their_provider() -> None:
    node = Ours()

    nodecontrol.restart_kubelet(cast("Node", node), profile_with())
    nodecontrol.reboot(cast("Node", node), profile_with(), cast("KubeApi", Boots()))

    assert node.done == ["kubelet", "reboot"]


def test_command_gets_the_name_of_the_node(tmp_path: Path) -> None:
    target = tmp_path / "told"
    script = "import pathlib, sys; pathlib.Path(sys.argv[1]).write_text(sys.argv[2])"
    argv = (sys.executable, "-c", script, str(target), "{nodeName}")

    nodecontrol.restart_kubelet(cast("Node", Theirs()), profile_with(restart_kubelet=argv))

    assert target.read_text() == "theirs-0"


@pytest.mark.parametrize("argv", [("false",), ("/no/such/program",)])
def test_command_that_fails_is_no_finding(argv: tuple[str, ...]) -> None:
    with pytest.raises(Inconclusive, match="command for nodes failed"):
        nodecontrol.restart_kubelet(cast("Node", Theirs()), profile_with(restart_kubelet=argv))


def test_reboot_is_over_when_another_boot_is_ready() -> None:
    able = profile_with(reboot=("true",))

    after = Boots(booted("a"), booted("b", "False"), booted("b"))
    nodecontrol.reboot(cast("Node", Theirs()), able, cast("KubeApi", after))

    for never in (Boots(booted("a")), Boots(booted("b", "Unknown"))):
        with pytest.raises(Inconclusive, match="another boot ID"):
            nodecontrol.reboot(cast("Node", Theirs()), able, cast("KubeApi", never))
