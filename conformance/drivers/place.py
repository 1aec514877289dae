"""Where one driver instance runs: the folders and files that its profile's placeholders mean."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, Self

from drawplate.conformance.drivers.hardware import library_folder
from drawplate.conformance.profile.deployment import Role
from drawplate.emulators.places import ROOT
from drawplate.fixtures.clusters.local.plan import HARDWARE


class NodeFolders(Protocol):
    """The folders of a node, as the bench makes them; `state` outlives a reboot."""

    @property
    def kubelet_root(self) -> Path:
        """The kubelet's root folder."""

    @property
    def registry(self) -> Path:
        """Where registration sockets are made."""

    @property
    def plugins(self) -> Path:
        """Where drivers have their own folders."""

    @property
    def cdi_dynamic(self) -> Path:
        """Where CDI specs are written at run time."""

    @property
    def state(self) -> Path:
        """What a driver keeps over a reboot."""

    @property
    def hardware(self) -> Path:
        """Where sys/, dev/, proc/ and usr/ of emulated hardware are."""


@dataclass(frozen=True, slots=True)
class StandardFolders:
    """The folders of a real node (kubelet and CDI defaults), as paths inside that node."""

    kubelet_root: Path = Path("/var/lib/kubelet")
    registry: Path = Path("/var/lib/kubelet/plugins_registry")
    plugins: Path = Path("/var/lib/kubelet/plugins")
    cdi_dynamic: Path = Path("/var/run/cdi")
    state: Path = Path("/var/lib/drawplate")
    hardware: Path = HARDWARE / ROOT


@dataclass(frozen=True, slots=True)
class Place:
    """Everything that a driver is told about the node it runs on.

    `binaries` are those of our component cache by name; `instance` tells two instances of one
    driver apart, as a pod's UID does.
    """

    kubeconfig: Path
    node_name: str
    kubelet_root: Path
    registry: Path
    plugins: Path
    cdi: Path
    state: Path
    hardware: Path
    scratch: Path
    instance: str = "0"
    binaries: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def on(
        cls,
        folders: NodeFolders,
        *,
        kubeconfig: Path,
        node_name: str,
        instance: str = "0",
        binaries: Mapping[str, Path] | None = None,
    ) -> Self:
        """Place a driver on a node with these folders; nothing is written."""
        return cls(
            kubeconfig=kubeconfig,
            node_name=node_name,
            kubelet_root=folders.kubelet_root,
            registry=folders.registry,
            plugins=folders.plugins,
            cdi=folders.cdi_dynamic,
            # A folder of its own, which a test may damage or empty.
            state=folders.state / "driver",
            hardware=folders.hardware,
            scratch=folders.state / "scratch",
            instance=instance,
            binaries=binaries or {},
        )

    def roles(self, driver_name: str) -> dict[Role, Path]:
        """Give the path that stands for each role of a replaced path."""
        return {
            "kubeletRoot": self.kubelet_root,
            "registryDir": self.registry,
            "pluginsDir": self.plugins,
            "pluginDir": self.plugins / driver_name,
            "cdiDir": self.cdi,
            "stateDir": self.state,
            "hardwareRoot": self.hardware,
            "sysfs": self.hardware / "sys",
            "devfs": self.hardware / "dev",
            "scratch": self.scratch,
        }

    def values(self, driver_name: str) -> dict[str, str]:
        """Give the value of each placeholder, ports left out."""
        roles = {role: str(path) for role, path in self.roles(driver_name).items()}
        roles.pop("scratch")
        binaries = {f"component:{name}": str(path) for name, path in self.binaries.items()}
        return {
            **roles,
            **binaries,
            "kubeconfig": str(self.kubeconfig),
            "libraryFolder": str(library_folder(self.hardware)),
            "nodeName": self.node_name,
            "instance": self.instance,
            "python": sys.executable,
        }
