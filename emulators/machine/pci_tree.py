"""The PCI tree of a machine: which root and which bridges lead to an address."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from drawplate.emulators.located import require
from drawplate.emulators.machine.addresses import bus_number, bus_of
from drawplate.emulators.machine.topology import Root, Switch

# Bridges are on device 1 to 31 of a root's bus unless the file says where: 0 is the host bridge.
_MOST_PORTS = 31


@dataclass(frozen=True, slots=True)
class Bridge:
    """A PCI-to-PCI bridge: a root port, or a port of a switch."""

    address: str
    kind: Literal["root", "upstream", "downstream"]
    # Vendor and device, `1000:c030`.
    id: str
    pcie_root: str
    numa_node: int | None
    # Bridges between the root and this one.
    above: tuple[str, ...]
    # The bus behind it, and the last one that it leads to.
    secondary: int
    subordinate: int


@dataclass(slots=True)
class _Slot:
    """A bus range with something behind it: a switch with slots of its own, or plain devices."""

    first: int
    last: int
    switch: Switch | None = None
    slots: list["_Slot"] = field(default_factory=list)


def root_of(roots: Sequence[Root], address: str) -> Root | None:
    """Give the root that owns the bus of `address`, if one does."""
    bus = bus_of(address)
    fitting = [root for root in roots if root.first_bus <= bus and root.first_bus[:4] == bus[:4]]
    return max(fitting, key=lambda root: root.first_bus, default=None)


def bridges_of(roots: Sequence[Root], addresses: Sequence[str]) -> tuple[Bridge, ...]:
    """Give the bridges that are needed to reach `addresses`, those nearer to the root first.

    Refuses (within a validator) ports that are missing, and bridges at the place of others.
    """
    found: list[Bridge] = []
    for root in roots:
        own = {address for address in addresses if root_of(roots, address) == root}
        found.extend(_bridges_below(root, own))
    return tuple(found)


def path_to(bridges: Sequence[Bridge], root: Root, address: str) -> tuple[str, ...]:
    """Give the addresses of the bridges between `root` and `address`."""
    bus = bus_number(bus_of(address))
    above = [
        bridge
        for bridge in bridges
        if bridge.pcie_root == root.root and bridge.secondary <= bus <= bridge.subordinate
    ]
    return tuple(bridge.address for bridge in sorted(above, key=lambda one: len(one.above)))


def _bridges_below(root: Root, addresses: set[str]) -> Iterator[Bridge]:
    own = bus_number(root.first_bus)
    top = _Slot(own, 0xFF)
    for switch in sorted(root.switches, key=lambda one: one.bdf):
        _place_switch(top, switch)
    for address in sorted(addresses):
        _place_device(top, bus_number(bus_of(address)))
    _trim(top)
    taken = {int(address[8:10], 16) for address in addresses if bus_of(address) == root.first_bus}
    free = [f"{root.first_bus}:{n:02x}.0" for n in range(1, _MOST_PORTS + 1) if n not in taken]
    ports = root.ports or tuple(free)
    require(
        len(ports) >= len(top.slots),
        f"{root.root} has {len(ports)} ports, but {len(top.slots)} buses behind them",
        "add a port, or put the devices on fewer buses",
        key="pci",
    )
    for port, slot in zip(ports, sorted(top.slots, key=lambda one: one.first), strict=False):
        yield Bridge(port, "root", root.id, root.root, root.numa, (), slot.first, slot.last)
        yield from _inside(root, slot, (port,))


def _inside(root: Root, slot: _Slot, above: tuple[str, ...]) -> Iterator[Bridge]:
    switch = slot.switch
    if switch is None:
        return
    yield Bridge(
        switch.bdf,
        "upstream",
        switch.id,
        root.root,
        root.numa,
        above,
        *_range_behind(slot),
    )
    above = (*above, switch.bdf)
    require(
        len(switch.ports) >= len(slot.slots),
        f"the switch {switch.bdf} has {len(switch.ports)} ports for {len(slot.slots)} buses",
        "add a port, or put the devices on fewer buses",
        key="pci",
    )
    for port, inner in zip(
        switch.ports, sorted(slot.slots, key=lambda one: one.first), strict=False
    ):
        yield Bridge(
            port, "downstream", switch.id, root.root, root.numa, above, inner.first, inner.last
        )
        yield from _inside(root, inner, (*above, port))


def _range_behind(slot: _Slot) -> tuple[int, int]:
    # The bus of the downstream ports comes right after the upstream port's.
    switch = slot.switch
    ports = [bus_number(bus_of(port)) for port in switch.ports] if switch else []
    return min(ports, default=slot.first + 1), slot.last


def _place_switch(top: _Slot, switch: Switch) -> None:
    bus = bus_number(bus_of(switch.bdf))
    last = int(switch.last_bus, 16) if switch.last_bus else None
    slot = top
    while inner := _slot_of(slot, bus):
        # Without `last_bus` a switch ends where the next one begins.
        if inner.switch and not inner.switch.last_bus:
            inner.last = bus - 1
            break
        slot = inner
    slot.slots.append(_Slot(bus, slot.last if last is None else last, switch))


def _place_device(top: _Slot, bus: int) -> None:
    slot = top
    while inner := _slot_of(slot, bus):
        slot = inner
    behind = slot.switch is not None and bus in _ports_buses(slot.switch)
    if bus == slot.first or behind:
        return
    slot.slots.append(_Slot(bus, bus))


def _trim(slot: _Slot) -> None:
    for inner in slot.slots:
        _trim(inner)
        if inner.switch and not inner.switch.last_bus:
            ends = [*_ports_buses(inner.switch), *(one.last for one in inner.slots)]
            inner.last = max(ends, default=inner.first)


def _ports_buses(switch: Switch) -> set[int]:
    return {bus_number(bus_of(port)) for port in switch.ports}


def _slot_of(slot: _Slot, bus: int) -> _Slot | None:
    return next((one for one in slot.slots if one.first <= bus <= one.last), None)
