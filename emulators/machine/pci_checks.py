"""What must hold of places: every device below a root, nothing twice, a bridge to every bus."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drawplate.emulators.located import Place, require
from drawplate.emulators.machine.addresses import function_addresses
from drawplate.emulators.machine.pci_tree import bridges_of, root_of
from drawplate.emulators.machine.topology import Root

if TYPE_CHECKING:
    from drawplate.emulators.machine.file import Machine


def check_places(machine: "Machine") -> None:
    """Refuse two devices, or roots, at one place, and a device that no root holds."""
    _check_roots(machine)
    seen: set[str] = set()
    for number, group in enumerate(machine.devices):
        for at, address in enumerate(group.at):
            place = ("devices", number, "at", at)
            functions = machine.profile(group.profile).pci.functions
            for one in function_addresses(address, functions):
                require(
                    one not in seen,
                    f"two devices are at {one}",
                    "give each device an address of its own",
                    key=place,
                )
                seen.add(one)
            require(
                root_of(machine.pci, address) is not None,
                f"no PCI root holds {address}",
                "add a root of that domain with the same or a lower bus number to `pci`",
                key=place,
            )


def _check_roots(machine: "Machine") -> None:
    names = [root.root for root in machine.pci]
    for number, root in enumerate(machine.pci):
        require(
            root.root not in names[:number],
            f"{root.root} is there twice",
            "write each root once, with all its switches",
            key=("pci", number, "root"),
        )
        require(
            root.numa is None or root.numa < machine.numa.nodes,
            f"{root.root} is on NUMA node {root.numa}, but there are {machine.numa.nodes}",
            f"use a node from 0 to {machine.numa.nodes - 1}",
            key=("pci", number, "numa"),
        )


def check_bridges(machine: "Machine") -> None:
    """Refuse bridges on buses of other roots, at one place with others, and too few of them."""
    devices = {address for group in machine.devices for address in group.at}
    seen: set[str] = set()
    for number, root in enumerate(machine.pci):
        for address, place in _given(root, ("pci", number)):
            require(
                root_of(machine.pci, address) == root,
                f"{address} is not on a bus of {root.root}",
                "move it to the root that owns its bus",
                key=place,
            )
            require(
                address not in seen,
                f"two bridges are at {address}",
                "give each port an address of its own",
                key=place,
            )
            require(
                address not in devices,
                f"a device and a bridge are both at {address}",
                "move one of the two",
                key=place,
            )
            seen.add(address)
    bridges_of(machine.pci, sorted(devices))


def _given(root: Root, place: Place) -> Iterator[tuple[str, Place]]:
    for number, port in enumerate(root.ports):
        yield port, (*place, "ports", number)
    for number, switch in enumerate(root.switches):
        own = (*place, "switches", number)
        yield switch.bdf, (*own, "bdf")
        for index, port in enumerate(switch.ports):
            yield port, (*own, "ports", index)
