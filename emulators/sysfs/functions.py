"""The PCI functions of a node that the kernel sees now: bridges, and the functions of devices."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drawplate.emulators.machine.pci_tree import Bridge
from drawplate.emulators.state.device import NODE, Device

if TYPE_CHECKING:
    from drawplate.emulators.machine.placed import DeviceSpec
    from drawplate.emulators.state.model import State

BRIDGE_CLASS = 0x060400
BRIDGE_DRIVER = "pcieport"

DRIVER = "pci.driver"
REMOVED_BRIDGES = "pci.removed_bridges"


@dataclass(frozen=True, slots=True)
class Function:
    """One PCI function: a bridge, or the function `number` of a device (0 but for a few)."""

    address: str
    folder: str
    vendor: int
    device: int
    class_: int
    revision: int
    subsystem_vendor: int
    subsystem_device: int
    config_bytes: int
    numa_node: int
    # The node itself, which knows the drivers that are not loaded.
    node: Device
    owner: Device | None = None
    number: int = 0
    bridge: Bridge | None = None

    @property
    def spec(self) -> "DeviceSpec | None":
        """The device's specification, if it is no bridge."""
        return self.owner.spec if self.owner else None

    @property
    def driver(self) -> str:
        """The kernel driver that is bound now; empty when none is."""
        if self.owner is None:
            return BRIDGE_DRIVER
        bound = str(self.owner[DRIVER])
        return "" if bound in unloaded(self.node) else bound

    @property
    def lost(self) -> bool:
        """Whether configuration space does not answer."""
        return self.owner is not None and bool(self.owner["lost"])

    @property
    def modalias(self) -> str:
        """What modules are looked up by (Linux drivers/pci/pci-sysfs.c, modalias_show)."""
        return (
            f"pci:v{self.vendor:08X}d{self.device:08X}"
            f"sv{self.subsystem_vendor:08X}sd{self.subsystem_device:08X}"
            f"bc{self.class_ >> 16:02X}sc{self.class_ >> 8 & 0xFF:02X}i{self.class_ & 0xFF:02X}"
        )


def functions(state: "State") -> list[Function]:
    """Give what is on the bus now, by address."""
    node = state.device(NODE)
    gone = set(node[REMOVED_BRIDGES])
    found = [
        _bridge(bridge, node)
        for bridge in state.node.bridges
        if bridge.address not in gone and not gone.intersection(bridge.above)
    ]
    for device in state.devices():
        if not gone.intersection(device.spec.bridges):
            found.extend(_functions_of(device, node))
    return sorted(found, key=lambda one: one.address)


def folder_of(spec: "DeviceSpec", number: int = 0) -> str:
    """Give the path of a device's folder below /sys."""
    return "/".join(["/devices", spec.pcie_root, *spec.bridges, nth(spec.address, number)])


def nth(address: str, number: int) -> str:
    """Give the address of the function so many after this one, on the same card."""
    return f"{address[:-1]}{int(address[-1]) + number:x}"


def unloaded(node: Device) -> set[str]:
    """Give the drivers that somebody unloaded."""
    loaded = "driver.loaded" not in node or bool(node["driver.loaded"])
    return set() if loaded else {"nvidia"}


def _bridge(bridge: Bridge, node: Device) -> Function:
    vendor, device = (int(part, 16) for part in bridge.id.split(":"))
    return Function(
        address=bridge.address,
        folder="/".join(["/devices", bridge.pcie_root, *bridge.above, bridge.address]),
        vendor=vendor,
        device=device,
        class_=BRIDGE_CLASS,
        revision=0,
        subsystem_vendor=vendor,
        subsystem_device=device,
        config_bytes=4096,
        numa_node=-1 if bridge.numa_node is None else bridge.numa_node,
        node=node,
        bridge=bridge,
    )


def _functions_of(device: Device, node: Device) -> Iterator[Function]:
    spec, pci = device.spec, device.spec.profile.pci
    for number in range(pci.functions):
        yield Function(
            address=nth(spec.address, number),
            folder=folder_of(spec, number),
            vendor=int(pci.vendor, 16),
            device=int(pci.device, 16),
            class_=int(pci.class_, 16),
            revision=int(pci.revision, 16),
            subsystem_vendor=int(pci.subsystem_vendor, 16),
            subsystem_device=int(pci.subsystem_device, 16),
            config_bytes=pci.config_bytes,
            numa_node=-1 if spec.numa_node is None else spec.numa_node,
            node=node,
            owner=device,
            number=number,
        )
