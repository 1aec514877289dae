"""PCI functions below /sys/devices, and the bus's links to them (Linux drivers/pci/pci-sysfs.c)."""

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.device import Device
from drawplate.emulators.sysfs import config_space
from drawplate.emulators.sysfs.attributes import number, stripped, tables
from drawplate.emulators.sysfs.config_space import Space
from drawplate.emulators.sysfs.cpus import described
from drawplate.emulators.sysfs.functions import DRIVER, REMOVED_BRIDGES, Function, functions
from drawplate.emulators.sysfs.regions import PREFETCH, Layout, Region, lay_out
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.machine.topology import Root
    from drawplate.emulators.state.model import State

STRUCTURE = frozenset({DRIVER, REMOVED_BRIDGES})

BUS = "/bus/pci"

_log = logging.getLogger(__name__)

# Six registers, the ROM, six of virtual functions, and four windows of bridges.
_LINES, _BRIDGE_LINES = 13, 17
_FIRST_VIRTUAL, _MEMORY_WINDOW, _PREFETCH_WINDOW = 7, 14, 15
_IO_FLAGS, _MEMORY_FLAGS, _PREFETCH_FLAGS = 0x101, 0x200, 0x10_2201
_VGA = 0x0300


def contribute(state: "State", tree: Tree) -> None:
    """Put every function that the kernel sees into the tree."""
    layout = lay_out(state.node)
    found = functions(state)
    cards: dict[str, int] = {}
    for function in found:
        cards[function.address[:-2]] = cards.get(function.address[:-2], 0) + 1
    for root in state.node.machine.pci:
        _put_root(state, tree, root)
    for function in found:
        space = _space(state, function, layout, several=cards[function.address[:-2]] > 1)
        tree.folder(function.folder, closed=True)
        if function.owner is not None:
            tree.belongs(function.folder, function.owner.name)
        tree.link(f"{BUS}/devices/{function.address}", function.folder)
        tree.link(f"{function.folder}/subsystem", BUS)
        _put_identity(tree, function)
        _put_place(state, tree, function)
        _put_memory(state, tree, space)
        _put_link_status(tree, space)
        _put_constants(state, tree, function)
        if function.bridge is not None:
            _put_buses(state, tree, function)


def irq_of(function: Function) -> int:
    """Give the interrupt of a function; emulated ones begin where usual ones end."""
    if function.spec is not None and function.spec.parent is not None:
        # pci_read_irq(): virtual functions have no interrupt pin.
        return 0
    bus, slot = int(function.address[5:7], 16), int(function.address[8:10], 16)
    return 64 + bus * 2 + slot % 2


def _space(state: "State", function: Function, layout: Layout, *, several: bool) -> Space:
    if function.bridge is not None:
        windows = (
            layout.window(function.bridge, wide=False),
            layout.window(function.bridge, wide=True),
        )
        return Space(function, windows=windows, several=several)
    spec = function.spec
    if spec is None:
        return Space(function)
    parent = state.device(spec.parent) if spec.parent else None
    regions = layout.of(spec, function.address, parent.spec if parent else None)
    virtual = spec.profile.pci.virtual_function
    return Space(
        function,
        tuple(regions),
        layout.virtual.get(function.address, ()),
        several=several,
        parent=parent,
        virtual_device=int(state.node.machine.profile(virtual).pci.device, 16) if virtual else 0,
    )


def _put_root(state: "State", tree: Tree, root: "Root") -> None:
    folder = f"/devices/{root.root}"
    tree.file(f"{folder}/uevent", "", write=_accept)
    tree.file(f"{folder}/power/control", "auto\n")
    _put_bus(state, tree, folder, root.first_bus, -1 if root.numa is None else root.numa)


def _put_buses(state: "State", tree: Tree, function: Function) -> None:
    bridge = function.bridge
    if bridge is None:
        return
    tree.file(f"{function.folder}/secondary_bus_number", f"{bridge.secondary}\n")
    tree.file(f"{function.folder}/subordinate_bus_number", f"{bridge.subordinate}\n")
    bus = f"{bridge.address[:4]}:{bridge.secondary:02x}"
    _put_bus(state, tree, function.folder, bus, function.numa_node)


def _put_bus(state: "State", tree: Tree, folder: str, bus: str, node: int) -> None:
    path, numa = f"{folder}/pci_bus/{bus}", state.node.machine.numa
    mask, listed = described(numa, node)
    tree.file(f"{path}/uevent", "", write=_accept)
    tree.file(f"{path}/cpuaffinity", f"{mask}\n")
    tree.file(f"{path}/cpulistaffinity", f"{listed}\n")
    tree.link(f"{path}/subsystem", "/class/pci_bus")
    tree.link(f"{path}/device", folder)
    tree.link(f"/class/pci_bus/{bus}", path)


def _put_identity(tree: Tree, function: Function) -> None:
    folder = function.folder
    for name, value, digits in (
        ("vendor", function.vendor, 4),
        ("device", function.device, 4),
        ("subsystem_vendor", function.subsystem_vendor, 4),
        ("subsystem_device", function.subsystem_device, 4),
        ("class", function.class_, 6),
        ("revision", function.revision, 2),
    ):
        tree.file(f"{folder}/{name}", f"0x{value:0{digits}x}\n")
    tree.file(f"{folder}/modalias", f"{function.modalias}\n")
    tree.file(f"{folder}/uevent", lambda: uevent(function), write=_accept)


def uevent(function: Function) -> str:
    """Give the keys of a function's hot-plug messages (pci_uevent, dev_uevent)."""
    driver = f"DRIVER={function.driver}\n" if function.driver else ""
    return (
        f"{driver}PCI_CLASS={function.class_:04X}\n"
        f"PCI_ID={function.vendor:04X}:{function.device:04X}\n"
        f"PCI_SUBSYS_ID={function.subsystem_vendor:04X}:{function.subsystem_device:04X}\n"
        f"PCI_SLOT_NAME={function.address}\nMODALIAS={function.modalias}\n"
    )


def _put_place(state: "State", tree: Tree, function: Function) -> None:
    folder, numa = function.folder, state.node.machine.numa
    mask, listed = described(numa, function.numa_node)
    tree.file(f"{folder}/local_cpus", f"{mask}\n")
    tree.file(f"{folder}/local_cpulist", f"{listed}\n")
    owner = function.owner
    if owner is None:
        tree.file(f"{folder}/numa_node", f"{function.numa_node}\n", write=_accept)
        return

    def set_node(text: str) -> None:
        written = stripped(text)
        node = -1 if written == "-1" else number(text)
        if node >= numa.nodes:
            raise Refused(Reason.INVALID, f"there is no memory node {node}")
        with state.change("sysfs") as change:
            change.set(owner, "pci.numa_node", node)

    tree.file(f"{folder}/numa_node", lambda: f"{owner['pci.numa_node']}\n", write=set_node)


def _put_memory(state: "State", tree: Tree, space: Space) -> None:
    function, owner = space.function, space.function.owner
    tree.file(f"{function.folder}/resource", resource(space))
    for region in space.regions:
        put = f"{function.folder}/resource{region.index}"
        tree.binary(put, _unmapped, size=region.size, mode=0o600)
        if region.flags & PREFETCH:
            tree.binary(f"{put}_wc", _unmapped, size=region.size, mode=0o600)

    def write(offset: int, data: bytes) -> None:
        if owner is not None:
            with state.change("sysfs") as change:
                config_space.write(change, owner, space, offset, data)

    size = function.config_bytes
    tree.binary(f"{function.folder}/config", space.read, size=size, write_at=write)


def resource(space: Space) -> str:
    """Give the lines of `resource`: first and last address, flags."""
    lines = [(0, 0, 0)] * (_BRIDGE_LINES if space.function.bridge else _LINES)
    for first, regions in ((0, space.regions), (_FIRST_VIRTUAL, space.virtual)):
        for region in regions:
            lines[first + region.index] = _line(region)
    if space.function.bridge is not None:
        lines[_LINES] = (0, 0, _IO_FLAGS)
        for place, window, flags in zip(
            (_MEMORY_WINDOW, _PREFETCH_WINDOW),
            space.windows,
            (_MEMORY_FLAGS, _PREFETCH_FLAGS),
            strict=True,
        ):
            lines[place] = (*(window or (0, 0)), flags)
    return "".join(f"0x{first:016x} 0x{last:016x} 0x{flags:016x}\n" for first, last, flags in lines)


def _line(region: Region) -> tuple[int, int, int]:
    return region.start, region.end, region.flags


def _put_link_status(tree: Tree, space: Space) -> None:
    folder, owner = space.function.folder, space.function.owner
    spec = space.function.spec
    best = spec.profile.pci.link_speed_gts if spec else "32.0 GT/s PCIe"
    lanes = spec.profile.pci.link_width if spec else 16
    tree.file(f"{folder}/max_link_speed", f"{best}\n")
    tree.file(f"{folder}/max_link_width", f"{lanes}\n")
    if owner is None:
        tree.file(f"{folder}/current_link_speed", f"{best}\n")
        tree.file(f"{folder}/current_link_width", f"{lanes}\n")
        return
    if space.parent is not None:
        # The link is the physical function's; Link Status of virtual ones reads as zero.
        tree.file(f"{folder}/current_link_speed", "Unknown\n")
        tree.file(f"{folder}/current_link_width", "0\n")
        return
    tree.file(f"{folder}/current_link_speed", lambda: f"{_speed(owner)}\n")
    tree.file(f"{folder}/current_link_width", lambda: f"{owner['link.width']}\n")


def _speed(owner: Device) -> str:
    speed = str(owner["link.speed"])
    return speed if config_space.speed_code(speed) and not owner["lost"] else "Unknown"


def _put_constants(state: "State", tree: Tree, function: Function) -> None:
    tree.file(f"{function.folder}/irq", f"{irq_of(function)}\n")
    spec = function.spec
    ari = int(spec is not None and (spec.parent is not None or "sriov" in spec.options))
    tree.file(f"{function.folder}/ari_enabled", f"{ari}\n")
    if function.class_ >> 8 == _VGA:
        tree.file(f"{function.folder}/boot_vga", "0\n")
    for name, one in tables()["function"].items():
        path = f"{function.folder}/{name}"
        if "choices" in one:
            show, store = _stored(state, function, name, one)
            tree.file(path, show, write=store)
        else:
            tree.file(path, f"{one['text']}\n")


def _stored(
    state: "State", function: Function, name: str, one: dict[str, Any]
) -> tuple[Callable[[], str], Callable[[str], None]]:
    owner = function.owner

    def show() -> str:
        kept = owner["pci.attributes"] if owner else {}
        return f"{kept.get(name, one['text'])}\n"

    def store(text: str) -> None:
        written = stripped(text)
        if written not in one["choices"]:
            raise Refused(Reason.INVALID, f"{name} is one of {', '.join(one['choices'])}")
        if owner is not None:
            with state.change("sysfs") as change:
                change.set(owner, "pci.attributes", {**owner["pci.attributes"], name: written})

    return show, store


def _accept(text: str) -> None:
    _log.debug("nothing follows from %r", text)


def _unmapped() -> bytes:
    # Memory can only be mapped, and there is none behind it here.
    raise Refused(Reason.IO, "this region can only be mapped")
