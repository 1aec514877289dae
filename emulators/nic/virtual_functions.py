"""Virtual functions: devices that come and go with `sriov.numvfs` of their physical function."""

from drawplate.emulators.machine.placed import virtual_function
from drawplate.emulators.nic.plan import driver_of
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State
from drawplate.emulators.sysfs.functions import DRIVER


def most(device: Device) -> int:
    """Give how many virtual functions the device can have; 0 without the capability."""
    return int(device.spec.options.get("sriov", {}).get("total", 0))


def functions_of(state: State, device: Device) -> list[Device]:
    """Give the virtual functions that a device has, by number."""
    own = [one for one in state.devices(absent=True) if one.spec.parent == device.name]
    return sorted(own, key=number_of)


def number_of(function: Device) -> int:
    """Give the number of a virtual function, from 0."""
    return int(function.spec.options["number"])


def set_numvfs(change: Change, device: Device, count: int) -> None:
    """Enable so many virtual functions, or with 0 disable them, as `sriov_numvfs` does.

    Raises Refused as drivers/pci/iov.c (sriov_numvfs_store) does: OUT_OF_RANGE above the total,
    NOT_FOUND without a driver, IN_USE when some are enabled already.
    """
    if not 0 <= count <= most(device):
        raise Refused(Reason.OUT_OF_RANGE, f"{device.name} has at most {most(device)} functions")
    if count == device["sriov.numvfs"]:
        return
    if not driver_of(device):
        raise Refused(Reason.NOT_FOUND, f"no driver is bound to {device.name}")
    if count and device["sriov.numvfs"]:
        raise Refused(
            Reason.IN_USE,
            f"{device.name} has {device['sriov.numvfs']} virtual functions; disable them first",
        )
    if any(place is None for place in device.spec.options["sriov"]["addresses"][:count]):
        raise Refused(Reason.MEMORY, f"there are too few buses for {count} functions")
    change.set(device, "sriov.numvfs", count)


def follow(change: Change) -> None:
    """Add and remove the devices that `sriov.numvfs` asks for: a rule, and a recoverer.

    A physical function that is unplugged, lost or without its driver has none.
    """
    for device in change.state.devices(absent=True):
        if device.spec.parent is not None or not most(device):
            continue
        if device["sriov.numvfs"] and not driver_of(device):
            change.set(device, "sriov.numvfs", 0)
        _match(change, device, min(int(device["sriov.numvfs"]), most(device)))


def _match(change: Change, device: Device, count: int) -> None:
    existing = {number_of(one): one for one in functions_of(change.state, device)}
    for number in sorted(existing.keys() - set(range(count)), reverse=True):
        change.remove(existing[number])
    node = change.state.node
    for number in range(count):
        if number not in existing:
            spec = virtual_function(node.machine, node.node, device.spec, number)
            function = change.add(spec)
            if not device["sriov.autoprobe"]:
                change.set(function, DRIVER, "")
