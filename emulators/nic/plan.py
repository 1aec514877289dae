"""Which ports a node must have: one for each card whose driver is bound and makes an interface."""

from drawplate.emulators.nic import identity
from drawplate.emulators.nic.cabling import Port
from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State
from drawplate.emulators.sysfs.functions import DRIVER


def ports(state: State) -> dict[str, Port]:
    """Give the ports by device."""
    return {
        device.name: port_of(device)
        for device in state.devices(family="nic")
        if identity.has_interface(device.spec) and is_driven(device)
    }


def port_of(device: Device) -> Port:
    """Give a device's port as it is now."""
    return Port(
        device=device.name,
        fabric=identity.fabric(device.spec),
        name=identity.interface_name(device),
        mac=identity.mac_address(device),
        mtu=int(device["netdev.mtu"]),
        up=bool(device["netdev.up"]),
        addresses=tuple(device.spec.options.get("netdev", {}).get("addresses", ())),
    )


def driver_of(device: Device) -> str:
    """Give the kernel driver that the card has; empty when it has none, or is not there."""
    return str(device[DRIVER]) if device.present else ""


def is_driven(device: Device) -> bool:
    """Tell whether the card's own driver is bound, so that interface and RDMA device exist."""
    driver = driver_of(device)
    return bool(driver) and driver == device.spec.profile.pci.kernel_driver and not device["lost"]
