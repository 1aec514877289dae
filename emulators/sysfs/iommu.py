"""IOMMU groups: which functions are isolated from which (Linux drivers/iommu/iommu.c).

Ports of emulated bridges have Access Control Services, so every device is a group of its own; the
functions of one card that cannot be told apart share theirs.
"""

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.device import Device
from drawplate.emulators.sysfs import driver_table
from drawplate.emulators.sysfs.attributes import stripped
from drawplate.emulators.sysfs.functions import DRIVER, REMOVED_BRIDGES, Function, functions
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.state.change import Change
    from drawplate.emulators.state.model import State

GROUP, TYPE = "iommu.group", "iommu.type"
STRUCTURE = frozenset({DRIVER, REMOVED_BRIDGES, GROUP})

GROUPS = "/kernel/iommu_groups"
REAL_GROUPS = Path("/sys/kernel/iommu_groups")
# What Intel's IOMMU keeps for interrupts.
_RESERVED = "0x00000000fee00000 0x00000000feefffff msi\n"
_TYPES = ("DMA", "DMA-FQ", "identity")


def contribute(state: "State", tree: Tree) -> None:
    """Put the groups, and the IOMMU of every root."""
    roots = sorted({root.root for root in state.node.machine.pci})
    for function in functions(state):
        number = group_of(state, function)
        folder = f"{GROUPS}/{number}"
        tree.link(f"{folder}/devices/{function.address}", function.folder)
        tree.link(f"{function.folder}/iommu_group", folder)
        tree.file(f"{folder}/reserved_regions", _RESERVED)
        show, store = _type(state, function.owner)
        tree.file(f"{folder}/type", show, write=store)
        if function.owner is not None:
            tree.belongs(folder, function.owner.name)
        unit = f"/devices/virtual/iommu/dmar{roots.index(function.folder.split('/')[2])}"
        tree.link(f"{unit}/devices/{function.address}", function.folder)
        tree.link(f"{function.folder}/iommu", unit)
        tree.link(f"/class/iommu/{unit.rpartition('/')[2]}", unit)
        tree.link(f"{unit}/subsystem", "/class/iommu")


def group_of(state: "State", function: Function) -> int:
    """Give the number of a function's group."""
    if function.owner is not None:
        return int(function.owner[GROUP])
    places = [bridge.address for bridge in state.node.bridges]
    return first_group() + places.index(function.address)


def assign(change: "Change") -> None:
    """Give every device without a group its number; it keeps that while the node lives.

    Bridges come first, then devices, then all virtual functions that there can be.
    """
    state = change.state
    missing = [one for one in state.all_devices.values() if one[GROUP] < 0]
    if not missing:
        return
    own, virtual = _numbers(state)
    for device in missing:
        spec = device.spec
        number = virtual[spec.parent] + spec.options["number"] if spec.parent else own[spec.name]
        change.set(device, GROUP, number)


def _numbers(state: "State") -> tuple[dict[str, int], dict[str, int]]:
    """Give the group of every device by name, and of its first virtual function."""
    following = first_group() + len(state.node.bridges)
    physical = [spec for spec in state.node.devices if spec.parent is None]
    own = {spec.name: following + place for place, spec in enumerate(physical)}
    following += len(physical)
    virtual = {}
    for spec in physical:
        virtual[spec.name] = following
        following += int(spec.options.get("sriov", {}).get("total", 0))
    return own, virtual


@functools.cache
def first_group() -> int:
    """Give the first number that no group of this machine has; read once."""
    taken = [int(path.name) for path in REAL_GROUPS.glob("[0-9]*")]
    return max(taken, default=-1) + 1


def _type(
    state: "State", owner: Device | None
) -> tuple[Callable[[], str] | str, Callable[[str], None]]:
    if owner is None:
        return "DMA-FQ\n", lambda _: None

    def store(text: str) -> None:
        wanted = "DMA-FQ" if stripped(text) == "auto" else stripped(text)
        if wanted not in _TYPES:
            raise Refused(Reason.INVALID, f"{wanted!r} is no type of domain")
        if driver_table.bound_driver(state, owner):
            raise Refused(Reason.IN_USE, "a driver uses the group")
        with state.change("sysfs") as change:
            change.set(owner, TYPE, wanted)

    return lambda: f"{owner[TYPE]}\n", store
