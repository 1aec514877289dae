"""What a driver of pods leaves on its node: removed when the deployment made it, else left alone."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest

from drawplate.conformance.cluster.manifest_deployment import ManifestDeployment

if TYPE_CHECKING:
    from drawplate.conformance.cluster.daemonsets import DaemonSets
    from drawplate.conformance.drivers.manifests import DeployedDriver
    from drawplate.fixtures.kubeapi import KubeApi


class Machine:
    """A node with some folders."""

    name = "a"

    def __init__(self, *folders: str, abilities: Sequence[str] = ("exec",)) -> None:
        self.folders = {*folders}
        self.abilities = frozenset(abilities)

    def run(self, argv: list[str], *, timeout: float) -> SimpleNamespace:
        assert timeout
        if argv[0] == "test":
            return SimpleNamespace(returncode=0 if argv[2] in self.folders else 1)
        assert argv[:3] == ["rm", "-rf", "--"]
        self.folders -= {*argv[3:]}
        return SimpleNamespace(returncode=0)


def deployment(machine: Machine) -> ManifestDeployment:
    sets = SimpleNamespace(host_folders=lambda: ["/state", "/registry", "/var/run/cdi/"])
    driver = SimpleNamespace(node=machine, hardware=None)
    return ManifestDeployment(
        cast("DeployedDriver", driver), cast("DaemonSets", sets), cast("KubeApi", None)
    )


def test_folders_that_came_with_the_pods_go_with_them() -> None:
    machine = Machine("/registry")
    deployed = deployment(machine)
    machine.folders |= {"/state", "/var/run/cdi/"}

    deployed.forget()

    assert machine.folders == {"/registry", "/var/run/cdi/"}, "others may use these by now"


def test_folders_that_were_there_stay() -> None:
    machine = Machine("/registry", "/state")

    deployment(machine).forget()

    assert machine.folders == {"/registry", "/state"}


@pytest.mark.parametrize("folder", ["/state", "/other"])
def test_a_node_that_cannot_be_entered_is_left_alone(folder: str) -> None:
    machine = Machine(folder, abilities=())

    deployment(machine).forget()

    assert machine.folders == {folder}
