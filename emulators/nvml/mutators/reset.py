"""Resetting a GPU, as `nvidia-smi --gpu-reset` does: what was pending comes into force."""

from drawplate.emulators.mig.lifecycle import activate
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import Device

# What a reset puts back to what it is after loading the driver.
_DEFAULTS = {
    "reset_required": False,
    "rows.pending": False,
    "retired.pending": False,
    "recovery_action": 0,
    "ecc.volatile.corrected": {},
    "ecc.volatile.uncorrected": {},
    "clocks.locked.graphics": None,
    "clocks.locked.memory": None,
    "compute_mode": 0,
    "timeslice": 0,
}


def reset_gpu(change: Change, device: Device) -> None:
    """Reset a GPU. Raises Refused: IN_USE while programs are on it, LOST when it is off the bus."""
    if device["lost"]:
        raise Refused(Reason.LOST, f"{device.name} is lost; only a reboot helps")
    if device["processes"]:
        raise Refused(Reason.IN_USE, f"{device.name} has programs on it")
    change.update(device, _DEFAULTS)
    change.update(
        device,
        {
            "ecc.mode": device["ecc.pending"],
            "power.limit": device["power.default"],
            "power.enforced": device["power.default"],
            "clocks.application.graphics": device["clocks.default.graphics"],
            "clocks.application.memory": device["clocks.default.memory"],
        },
    )
    activate(change, device)
    change.emit("reset", device.name)
