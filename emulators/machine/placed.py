"""The devices of one node: each with its place, its identity and what its file says of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from drawplate.emulators.machine.file import Machine, Numbered
from drawplate.emulators.machine.groups import Sriov
from drawplate.emulators.machine.identity import derived_serial, derived_uuid
from drawplate.emulators.machine.pci_tree import Bridge, bridges_of, path_to, root_of
from drawplate.emulators.machine.profiles import Profile
from drawplate.emulators.machine.virtual import (
    addresses_of,
    first_offset,
    netdev_name,
    rdma_name,
)

# Numbers of virtual functions: after all physical ones, in the order of their parents.
_VIRTUAL = 1000


@dataclass(frozen=True, slots=True)
class DeviceSpec:
    """One device, or place for a device, of a node; nothing in it changes while the node lives."""

    name: str
    """`gpu0`: family and number. It stays with the place. Virtual functions: `nic0vf3`."""
    family: str
    kind: str
    index: int
    """Number within the family, over the whole machine, in the order of the file."""
    profile: Profile
    address: str
    pcie_root: str
    bridges: tuple[str, ...]
    """Addresses of the bridges between the root and the device."""
    numa_node: int | None
    uuid: str
    serial: str
    plugged: bool
    """Whether it is there when the node starts."""
    options: Mapping[str, Any]
    """What the file says of this device beyond: netdev, rdma, sriov.

    `sriov` of a device that can have virtual functions always has total, num, offset, stride
    and `addresses`, the place of each; a virtual function has `number`.
    """
    parent: str | None = None
    """The physical function of a virtual one."""


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """The hardware of one node."""

    node: str
    machine: Machine
    devices: tuple[DeviceSpec, ...]
    bridges: tuple[Bridge, ...] = field(default=())
    """The PCI bridges that lead to the devices, those nearer to a root first."""


def place(machine: Machine, node: str) -> NodeSpec:
    """Give what the node of that name has. Identities depend on machine, node and place only.

    Virtual functions that the file asks for (`sriov: {num: N}`) come after all other devices.
    """
    addresses = [address for group in machine.devices for address in group.at]
    bridges = bridges_of(machine.pci, addresses)
    physical = tuple(_physical(machine, node, bridges))
    virtual = (
        virtual_function(machine, node, spec, number)
        for spec in physical
        for number in range(spec.options.get("sriov", {}).get("num", 0))
    )
    return NodeSpec(node, machine, (*physical, *virtual), bridges)


def virtual_function(machine: Machine, node: str, parent: DeviceSpec, number: int) -> DeviceSpec:
    """Give the virtual function of that number (from 0) of a device.

    Raises IndexError when the device cannot have so many, KeyError when its profile names no
    profile of virtual functions.
    """
    address = parent.options["sriov"]["addresses"][number]
    profile = machine.profile(str(parent.profile.pci.virtual_function))
    name = f"{parent.name}vf{number}"
    return DeviceSpec(
        name=name,
        family=parent.family,
        kind=profile.kind,
        index=_VIRTUAL * (parent.index + 1) + number,
        profile=profile,
        address=address,
        pcie_root=parent.pcie_root,
        bridges=parent.bridges,
        numa_node=parent.numa_node,
        uuid=profile.uuid_prefix + derived_uuid(machine.machine, node, name),
        serial=parent.serial,
        plugged=parent.plugged,
        options=_virtual_options(parent.options, number),
        parent=parent.name,
    )


def _virtual_options(parent: Mapping[str, Any], number: int) -> Mapping[str, Any]:
    options: dict[str, Any] = {"number": number}
    if netdev := parent.get("netdev"):
        own = netdev_name(netdev["name"], number)
        options["netdev"] = {**netdev, "name": own, "mac": None, "addresses": ()}
    if rdma := parent.get("rdma"):
        options["rdma"] = {**rdma, "name": rdma_name(rdma["name"], number)}
    return options


def _physical(machine: Machine, node: str, bridges: tuple[Bridge, ...]) -> Iterator[DeviceSpec]:
    for one in machine.numbered():
        root = root_of(machine.pci, one.address)
        if root is None:
            continue
        yield DeviceSpec(
            name=f"{one.profile.family}{one.index}",
            family=one.profile.family,
            kind=one.profile.kind,
            index=one.index,
            profile=one.profile,
            address=one.address,
            pcie_root=root.root,
            bridges=path_to(bridges, root, one.address),
            numa_node=root.numa,
            uuid=_uuid(machine, node, one),
            serial=_serial(machine, node, one),
            plugged=one.address not in one.group.unplugged,
            options=_options(one),
        )


def _uuid(machine: Machine, node: str, one: Numbered) -> str:
    if one.group.uuid:
        return one.group.uuid[one.at]
    # The profile is part of it: another model in the same place is another device.
    derived = derived_uuid(machine.machine, node, one.index, one.group.profile)
    return one.profile.uuid_prefix + derived


def _serial(machine: Machine, node: str, one: Numbered) -> str:
    if one.group.serial:
        return one.group.serial[one.at]
    return derived_serial(machine.machine, node, one.index, one.group.profile)


def _options(one: Numbered) -> Mapping[str, Any]:
    options = one.group.options(one.at)
    places = addresses_of(one.group, one.profile, one.address)
    sriov = one.group.sriov or Sriov()
    options.pop("sriov", None)
    if places:
        options["sriov"] = {
            "total": len(places),
            "num": sriov.num,
            "offset": first_offset(one.group, one.profile, one.address),
            "stride": sriov.stride,
            "addresses": places,
        }
    return options
