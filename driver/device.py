"""One device as the rest of the driver handles it, of whatever family it is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# One attribute of a ResourceSlice's device: {"string": …}, {"int": …}, {"bool": …}, {"version": …}.
Attribute = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeviceNode:
    """A character device that a container gets."""

    path: str
    major: int
    minor: int


@dataclass(frozen=True, slots=True)
class Mount:
    """A file or folder of the host that a container sees, read-only."""

    host: str
    container: str


@dataclass(frozen=True, slots=True)
class Interface:
    """A network interface of the host that moves into the container's network namespace."""

    host: str
    container: str


@dataclass(frozen=True, slots=True)
class Edits:
    """What a container gets with a device.

    `variable` is the environment variable that names the device; settings of a claim append to
    its name. `variables` are others that belong to the device.
    """

    variable: str
    identity: str
    variables: Mapping[str, str] = field(default_factory=dict)
    nodes: tuple[DeviceNode, ...] = ()
    mounts: tuple[Mount, ...] = ()
    interfaces: tuple[Interface, ...] = ()


@dataclass(frozen=True, slots=True)
class Device:
    """One device. `name` stays with it: it never names another one, and moves with it.

    `capacity` is in bytes. `pool` is empty for devices of the node's own pool.
    """

    name: str
    attributes: Mapping[str, Attribute]
    capacity: Mapping[str, int]
    edits: Edits
    pool: str = ""


def decode_edits(data: Any) -> Edits:
    """Read what `asdict` gave, after a trip through JSON. Raises TypeError or KeyError."""
    return Edits(
        variable=data["variable"],
        identity=data["identity"],
        variables=data["variables"],
        nodes=tuple(DeviceNode(**node) for node in data["nodes"]),
        mounts=tuple(Mount(**mount) for mount in data["mounts"]),
        interfaces=tuple(Interface(**interface) for interface in data["interfaces"]),
    )
