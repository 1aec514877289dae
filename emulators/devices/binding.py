"""Which kernel driver has which device at the moment."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from drawplate.emulators.sysfs.binding import STRUCTURE as BUS_STRUCTURE
from drawplate.emulators.sysfs.driver_table import bound_driver
from drawplate.emulators.sysfs.functions import functions

if TYPE_CHECKING:
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State

# What changes which devices a driver has, beside their coming and going.
STRUCTURE = BUS_STRUCTURE


def driver_of(state: "State", device: "Device") -> str:
    """Give the driver's name; empty when none has the device, or the bus does not show it."""
    there = any(one.owner is device for one in functions(state))
    return bound_driver(state, device) if there else ""


def bound(state: "State", drivers: Collection[str], kind: str | None = None) -> "list[Device]":
    """Give the devices that one of the drivers has, in their order."""
    there = {one.owner.name for one in functions(state) if one.owner}
    devices = state.devices(kind=kind)
    return [one for one in devices if one.name in there and bound_driver(state, one) in drivers]
