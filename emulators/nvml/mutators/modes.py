"""Modes of a GPU that software switches: compute, persistence, ECC, accounting, restrictions.

Ranges and refusals are those of nvml.h 13.3.
"""

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import Device

# nvmlComputeMode_t: 1, exclusive thread, is no longer accepted.
_COMPUTE_MODES = {0: "default", 2: "prohibited", 3: "exclusive process"}
_TIME_SLICES = range(4)

# nvmlEccCounterType_t
_COUNTERS = {0: "ecc.volatile", 1: "ecc.aggregate"}

# nvmlRestrictedAPI_t
_APPLICATIONS_CLOCKS, _AUTO_BOOST = 0, 1


def set_compute_mode(change: Change, device: Device, mode: int) -> None:
    """Set who may make contexts: 0 all, 2 nobody, 3 one process."""
    if mode not in _COMPUTE_MODES:
        raise Refused(Reason.INVALID, f"{mode} is no compute mode")
    _refuse_mig(device, "the compute mode of a GPU")
    change.set(device, "compute_mode", mode)


def set_time_slice(change: Change, device: Device, slice_: int) -> None:
    """Set the time slice of the scheduler: 0 default, 1 short, 2 medium, 3 long."""
    if slice_ not in _TIME_SLICES:
        raise Refused(Reason.INVALID, f"{slice_} is no time slice")
    change.set(device, "timeslice", slice_)


def set_persistence(change: Change, device: Device, enabled: int) -> None:
    """Keep the driver loaded without clients, or not."""
    change.set(device, "persistence", switch(enabled))


def set_ecc_mode(change: Change, device: Device, enabled: int) -> None:
    """Choose ECC for after the next reset."""
    if device["ecc.mode"] < 0:
        raise Refused(Reason.NOT_SUPPORTED, f"{device.name} has no ECC")
    change.set(device, "ecc.pending", switch(enabled))


def clear_ecc_counts(change: Change, device: Device, counter: int) -> None:
    """Clear the volatile (0) or the aggregate (1) error counts."""
    if counter not in _COUNTERS:
        raise Refused(Reason.INVALID, f"{counter} is no kind of counter")
    if device["ecc.mode"] != 1:
        raise Refused(Reason.NOT_SUPPORTED, f"{device.name} has ECC off")
    for kind in ("corrected", "uncorrected"):
        change.set(device, f"{_COUNTERS[counter]}.{kind}", {})


def set_accounting(change: Change, device: Device, enabled: int) -> None:
    """Keep accounts of processes, or not; turning it off forgets them."""
    wanted = switch(enabled)
    _refuse_mig(device, "accounting")
    change.set(device, "accounting.mode", wanted)
    if not wanted:
        change.set(device, "accounting.records", [])


def clear_accounts(change: Change, device: Device) -> None:
    """Forget the accounts of processes that have ended."""
    kept = [one for one in device["accounting.records"] if one.get("running")]
    change.set(device, "accounting.records", kept)


def set_restriction(change: Change, device: Device, api: int, restricted: int) -> None:
    """Let only root use some calls (1), or everybody (0)."""
    wanted = bool(switch(restricted))
    if api == _APPLICATIONS_CLOCKS:
        if device["clocks.application.graphics"] < 0:
            raise Refused(Reason.NOT_SUPPORTED, f"{device.name} has no application clocks")
        change.set(device, "restriction.applications_clocks", wanted)
    elif api == _AUTO_BOOST:
        if device["auto_boost"] < 0:
            raise Refused(Reason.NOT_SUPPORTED, f"{device.name} has no auto boost")
        change.set(device, "restriction.auto_boost", wanted)
    else:
        raise Refused(Reason.INVALID, f"{api} is no API that can be restricted")


def switch(value: int) -> int:
    """Give nvmlEnableState_t as it came. Raises Refused(INVALID) when it is neither 0 nor 1."""
    if value not in {0, 1}:
        raise Refused(Reason.INVALID, f"{value} is neither on nor off")
    return value


def _refuse_mig(device: Device, what: str) -> None:
    if device["mig.mode"]:
        raise Refused(Reason.NOT_SUPPORTED, f"{what} cannot be set in MIG mode")
