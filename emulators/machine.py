"""The machine file: which hardware an emulated node has, where it sits, and what it calls itself."""

import hashlib
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from drawplate.emulators.device_profiles import Profile, profiles, shipped_files
from drawplate.emulators.located import Part, read, require
from drawplate.emulators.problems import SetupProblem

# Namespace of the UUIDs that are derived; any fixed value serves.
_NAMESPACE = uuid.UUID("6f1d3a52-7c0e-5a34-9d7e-2f8b6c40e915")

# Domain, bus, device and function as sysfs writes them.
Address = Annotated[str, Field(pattern=r"^[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]$")]


# What may stand in names of devices and in variables of containers.
Uuid = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$")]


class Numa(Part):
    """The memory nodes, the processors of each, and the distances that firmware reports."""

    nodes: int = Field(ge=1, le=64)
    cpus: tuple[str, ...] = ()
    distance: tuple[tuple[int, ...], ...] = ()

    @model_validator(mode="after")
    def _one_entry_per_node(self) -> "Numa":
        for name, rows in (("cpus", self.cpus), ("distance", self.distance)):
            require(
                not rows or len(rows) == self.nodes,
                f"{name} has {len(rows)} entries for {self.nodes} nodes",
                f"give {self.nodes} entries, one per node, or leave {name} out",
                key=name,
            )
        return self


class Switch(Part):
    """A PCIe switch below a root: its upstream port, its ids, its downstream ports."""

    bdf: Address
    id: str = Field(pattern=r"^[0-9a-f]{4}:[0-9a-f]{4}$")
    ports: tuple[Address, ...] = ()


class Root(Part):
    """A PCIe root complex; it owns the buses from its own number up to the next root's."""

    root: str = Field(pattern=r"^pci[0-9a-f]{4}:[0-9a-f]{2}$")
    numa: int | None = Field(default=None, ge=0)
    switches: tuple[Switch, ...] = ()

    @property
    def first_bus(self) -> str:
        """The domain and the first bus, `0000:17`."""
        return self.root.removeprefix("pci")


class Devices(Part):
    """Some devices of one model. `unplugged` names those of `at` that are not there now."""

    kind: str
    profile: str
    count: int = Field(default=1, ge=1)
    at: tuple[Address, ...]
    unplugged: tuple[Address, ...] = ()
    # One per device; none means that they are derived, which `derived` says in words.
    uuid: tuple[Uuid, ...] = ()

    @field_validator("at", mode="before")
    @classmethod
    def _one_or_many(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("uuid", mode="before")
    @classmethod
    def _derived(cls, value: object) -> object:
        return () if value == "derived" else value

    @model_validator(mode="after")
    def _counts_agree(self) -> "Devices":
        require(
            len(self.at) == self.count,
            f"count is {self.count}, but `at` has {len(self.at)} addresses",
            "make the two agree",
            key="count",
        )
        require(
            not self.uuid or len(set(self.uuid)) == len(self.uuid) == self.count,
            f"uuid has {len(set(self.uuid))} different entries for {self.count} devices",
            "give one per device, or write `uuid: derived`",
            key="uuid",
        )
        strangers = sorted(set(self.unplugged) - set(self.at))
        require(
            not strangers,
            f"unplugged names {', '.join(strangers)}, which `at` does not have",
            "name addresses of `at`",
            key="unplugged",
        )
        return self

    @model_validator(mode="after")
    def _profile_fits(self) -> "Devices":
        known = profiles()
        require(
            self.profile in known,
            f"unknown profile {self.profile!r}",
            f"write one of {', '.join(sorted(known))}",
            key="profile",
        )
        kind = known[self.profile].kind
        require(
            self.kind == kind,
            f"profile {self.profile!r} is of kind {kind!r}, not {self.kind!r}",
            f"write `kind: {kind}`",
            key="kind",
        )
        return self


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU that is plugged in now."""

    minor: int
    uuid: str
    address: str
    pcie_root: str
    numa_node: int | None
    profile: Profile
    driver_version: str
    runtime_version: str


class Machine(Part):
    """One node's hardware."""

    machine: str = Field(min_length=1)
    numa: Numa = Numa(nodes=1)
    pci: tuple[Root, ...] = ()
    devices: tuple[Devices, ...] = ()
    driver: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _places_are_right(self) -> "Machine":
        addresses = [address for group in self.devices for address in group.at]
        for address in addresses:
            require(
                addresses.count(address) == 1,
                f"two devices are at {address}",
                "give each device an address of its own",
                key="devices",
            )
            require(
                self._root_of(address) is not None,
                f"no PCI root holds {address}",
                "add a root of that domain with the same or a lower bus number to `pci`",
                key="pci",
            )
        for root in self.pci:
            require(
                root.numa is None or root.numa < self.numa.nodes,
                f"{root.root} is on NUMA node {root.numa}, but there are {self.numa.nodes}",
                f"use a node from 0 to {self.numa.nodes - 1}",
                key="pci",
            )
        return self

    @model_validator(mode="after")
    def _versions_are_there(self) -> "Machine":
        for group in self.devices:
            profile = profiles()[group.profile]
            for key in (profile.driver, profile.runtime):
                require(
                    key in self.driver,
                    f"profile {group.profile!r} needs a version of {key!r}",
                    f"add `{key}: VERSION` to `driver`",
                    key="driver",
                )
        return self

    def gpus(self, node: str) -> tuple[Gpu, ...]:
        """Give the GPUs that are plugged in. Identities depend on the machine, node and place only."""
        return tuple(self._gpus(node))

    def _gpus(self, node: str) -> Iterator[Gpu]:
        minor = -1
        for group in self.devices:
            profile = profiles()[group.profile]
            for place, address in enumerate(group.at):
                # An empty place keeps its number, as a re-plugged card gets its old one back.
                minor += 1
                root = self._root_of(address)
                if address in group.unplugged or root is None:
                    continue
                yield Gpu(
                    minor=minor,
                    uuid=self._uuid(group, node, place, minor),
                    address=address,
                    pcie_root=root.root,
                    numa_node=root.numa,
                    profile=profile,
                    driver_version=self.driver[profile.driver],
                    runtime_version=self.driver[profile.runtime],
                )

    def _uuid(self, group: Devices, node: str, place: int, minor: int) -> str:
        if group.uuid:
            return group.uuid[place]
        # The profile is part of it: another model in the same place is another device.
        identity = "/".join((self.machine, node, str(minor), group.profile))
        return f"GPU-{uuid.uuid5(_NAMESPACE, hashlib.sha256(identity.encode()).hexdigest())}"

    def _root_of(self, address: str) -> Root | None:
        bus = address[:7]
        fitting = [
            root for root in self.pci if root.first_bus <= bus and root.first_bus[:4] == bus[:4]
        ]
        return max(fitting, key=lambda root: root.first_bus, default=None)


def shipped() -> dict[str, Path]:
    """Give the machine files that come with Drawplate, by name."""
    return shipped_files("machines")


def load(name_or_path: str) -> Machine:
    """Read a shipped machine by name, or any machine file by path.

    Raises SetupProblem, with the line and a cure, when there is none or it is not right.
    """
    if re.fullmatch(r"[A-Za-z0-9_-]+", name_or_path):
        path = shipped().get(name_or_path)
        if path is None and not Path(name_or_path).exists():
            raise SetupProblem(
                f"unknown machine {name_or_path!r}",
                cure=f"write one of {', '.join(sorted(shipped()))}, or the path of a machine file",
            )
        return read(path or Path(name_or_path), Machine)
    return read(Path(name_or_path), Machine)
