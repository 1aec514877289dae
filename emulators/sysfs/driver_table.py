"""Which kernel drivers there are, which devices each is for, and how they bind.

The rules are those of Linux drivers/base/bus.c, drivers/base/dd.c and drivers/pci/pci-driver.c.
"""

from typing import TYPE_CHECKING

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.device import NODE, Device
from drawplate.emulators.sysfs.attributes import tables
from drawplate.emulators.sysfs.functions import DRIVER, functions, unloaded

if TYPE_CHECKING:
    from drawplate.emulators.state.change import Change
    from drawplate.emulators.state.model import State

OVERRIDE = "pci.driver_override"
NEW_IDS = "pci.new_ids"
AUTOPROBE = "pci.autoprobe"


def drivers(state: "State") -> list[str]:
    """Give the names of the drivers that are loaded, in alphabetical order."""
    known = {one.spec.profile.pci.kernel_driver for one in state.all_devices.values()}
    bound = {str(one[DRIVER]) for one in state.all_devices.values()}
    return sorted((known | bound | set(tables()["drivers"])) - {"", *unloaded(state.device(NODE))})


def bound_driver(state: "State", device: Device) -> str:
    """Give the driver that a device has now; empty for none, and while it is not loaded."""
    driver = str(device[DRIVER])
    return "" if driver in unloaded(state.device(NODE)) else driver


def matches(state: "State", driver: str, device: Device) -> bool:
    """Tell whether a driver is for a device (pci_match_device)."""
    override = str(device[OVERRIDE])
    if override:
        return override == driver
    ids = _ids(device)
    if ids in state.device(NODE)[NEW_IDS].get(driver, ()):
        return True
    return _made_for(device) == driver


def bind(change: "Change", device: Device, driver: str) -> None:
    """Bind a device.

    Raises Refused: IN_USE (EBUSY) when it has a driver, LOST (ENODEV) when the driver is not for it.
    """
    if not matches(change.state, driver, device):
        raise Refused(Reason.LOST, f"{driver} is not for {device.spec.address}")
    if device[DRIVER]:
        raise Refused(Reason.IN_USE, f"{device.spec.address} is bound to {device[DRIVER]}")
    change.set(device, DRIVER, driver)


def unbind(change: "Change", device: Device, driver: str) -> None:
    """Take the driver away. Raises Refused(LOST), which is ENODEV, when another has the device."""
    if device[DRIVER] != driver:
        raise Refused(Reason.LOST, f"{device.spec.address} is not bound to {driver}")
    change.set(device, DRIVER, "")


def probe(change: "Change", device: Device) -> bool:
    """Bind the first driver that is for a device, unless it has one; tell whether it has one."""
    if device[DRIVER]:
        return True
    for driver in drivers(change.state):
        if matches(change.state, driver, device):
            bind(change, device, driver)
            return True
    return False


def add_ids(change: "Change", driver: str, text: str) -> None:
    """Let a driver be for more devices, and bind those that have none (new_id_store).

    Raises Refused: INVALID without two numbers, EXISTS when it is for them already.
    """
    ids = _read_ids(text)
    state = change.state
    known = state.device(NODE)[NEW_IDS]
    if ids in known.get(driver, ()) or ids in _table_of(state, driver):
        raise Refused(Reason.EXISTS, f"{driver} is for {ids} already")
    change.set(NODE, NEW_IDS, {**known, driver: [*known.get(driver, ()), ids]})
    for device in state.devices():
        if not device[DRIVER] and matches(state, driver, device):
            bind(change, device, driver)


def remove_ids(change: "Change", driver: str, text: str) -> None:
    """Undo `add_ids`. Raises Refused(LOST), which is ENODEV, when there are no such ids."""
    ids = _read_ids(text)
    known = change.state.device(NODE)[NEW_IDS]
    if ids not in known.get(driver, ()):
        raise Refused(Reason.LOST, f"{ids} were not added to {driver}")
    kept = [one for one in known[driver] if one != ids]
    change.set(NODE, NEW_IDS, {**known, driver: kept})


def find(state: "State", address: str) -> Device | None:
    """Give the device that has a function at an address, if it is on the bus.

    The functions of one device have their driver together.
    """
    found = (one for one in functions(state) if one.address == address and one.owner is not None)
    return next((one.owner for one in found), None)


def _made_for(device: Device) -> str:
    return device.spec.profile.pci.kernel_driver


def _ids(device: Device) -> str:
    pci = device.spec.profile.pci
    return f"{pci.vendor}:{pci.device}"


def _table_of(state: "State", driver: str) -> set[str]:
    own = tables()["override_only"]
    devices = state.all_devices.values()
    return set() if driver in own else {_ids(one) for one in devices if _made_for(one) == driver}


def _read_ids(text: str) -> str:
    numbers = text.partition("\0")[0].split()
    try:
        vendor, device = (int(part, 16) for part in numbers[:2])
    except ValueError:
        raise Refused(Reason.INVALID, "write a vendor and a device, in hexadecimal") from None
    return f"{vendor:04x}:{device:04x}"
