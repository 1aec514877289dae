"""Draining a GPU, taking it from the bus and finding it again, by software (nvml.h 13.3)."""

from drawplate.emulators.nvml.mutators.modes import switch
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State


def device_at(state: State, domain: int, bus: int, slot: int) -> Device:
    """Give the GPU at a PCI address, there or removed. Raises Refused(INVALID)."""
    wanted = f"{domain:04x}:{bus:02x}:{slot:02x}.0"
    for device in state.devices(kind="nvidia-gpu", absent=True):
        if device.spec.address == wanted:
            return device
    raise Refused(Reason.INVALID, f"no GPU is at {wanted}")


def set_drain(change: Change, device: Device, state: int) -> None:
    """Let the driver take no new programs (1), or take them again (0)."""
    change.set(device, "drain", switch(state))


def remove_gpu(change: Change, device: Device) -> None:
    """Take the GPU from the driver's and the kernel's view.

    Raises Refused: IN_USE with programs, or in persistence mode, which counts as one; INVALID when
    it is not being drained or not there.
    """
    if not device.present or not device["drain"]:
        raise Refused(Reason.INVALID, f"{device.name} is not being drained")
    if device["processes"] or device["persistence"]:
        raise Refused(Reason.IN_USE, f"{device.name} has clients")
    change.set(device, "removed", value=True)
    change.unplug(device)


def discover_gpu(change: Change, device: Device) -> None:
    """Find a GPU again that software had removed; nothing else is on the bus."""
    if device["removed"] and not device.present:
        change.update(device, {"removed": False, "drain": 0})
        change.plug(device)
