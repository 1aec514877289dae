"""Which function of NVML sets what: the functions that change hardware, by name.

All others of the table that the library sends are answered with NOT_SUPPORTED, as by a board that
does not have the feature.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from drawplate.emulators.mig import lifecycle
from drawplate.emulators.nvml.mutators import board, clocks, modes, presence, reset
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import Device


@dataclass(frozen=True, slots=True)
class Call:
    """A call under way: its arguments by name, and what it answers."""

    change: Change
    # None where the function has no device.
    subject: Device | None
    arguments: Mapping[str, Any]
    answers: dict[str, Any] = field(default_factory=dict)

    @property
    def device(self) -> Device:
        """The device. Raises Refused(INVALID) without one."""
        if self.subject is None:
            raise Refused(Reason.INVALID, "the call needs a device")
        return self.subject

    def __getitem__(self, name: str) -> Any:
        """Give an argument."""
        return self.arguments[name]


@dataclass(frozen=True, slots=True)
class Mutator:
    """What a function does. Only root may, unless its `restriction` (a property) is lifted."""

    act: Callable[[Call], None]
    restriction: str = ""
    # Only reads.
    open: bool = False


def _simple(verb: Callable[..., None], *names: str, restriction: str = "") -> Mutator:
    """Call a verb with the named arguments."""

    def act(call: Call) -> None:
        verb(call.change, call.device, *(call[name] for name in names))

    return Mutator(act, restriction)


def _set_mig_mode(call: Call) -> None:
    reason = lifecycle.set_mig_mode(call.change, call.device, call["mode"])
    call.answers["activationStatus"] = reason.nvml if reason else 0


def _create_gpu_instance(call: Call) -> None:
    made = lifecycle.create_gpu_instance(call.change, call.device, call["profileId"], _place(call))
    call.answers["gi"] = made.gi


def _create_compute_instance(call: Call) -> None:
    made = lifecycle.create_compute_instance(
        call.change, call.device, call["gi"], call["profileId"], _place(call)
    )
    call.answers.update(gi=call["gi"], ci=made.ci)


def _place(call: Call) -> lifecycle.Place | None:
    placement = call.arguments.get("placement")
    return (placement["start"], placement["size"]) if placement else None


def _set_power_limit_v2(call: Call) -> None:
    value = call["powerValue"]
    board.set_power_limit(call.change, call.device, value["powerValueMw"], value["powerScope"])


def _set_threshold(call: Call) -> None:
    board.set_temperature_threshold(call.device, call["thresholdType"])


def _at_address(verb: Callable[..., None], *names: str) -> Mutator:
    """Call a verb with the GPU at a PCI address."""

    def act(call: Call) -> None:
        where = call["pciInfo"]
        state = call.change.state
        device = presence.device_at(state, where["domain"], where["bus"], where["device"])
        verb(call.change, device, *(call[name] for name in names))

    return Mutator(act)


def _discover(call: Call) -> None:
    where = call["pciInfo"]
    for device in call.change.state.devices(kind="nvidia-gpu", absent=True):
        domain, bus, _ = device.spec.address.split(":")
        # Zeroes ask for the whole tree (nvml.h 13.3, nvmlDeviceDiscoverGpus).
        here = (where["domain"], where["bus"]) == (int(domain, 16), int(bus, 16))
        if here or not (where["domain"] or where["bus"]):
            presence.discover_gpu(call.change, device)


MUTATORS: Mapping[str, Mutator] = {
    "nvmlDeviceSetMigMode": Mutator(_set_mig_mode),
    "nvmlDeviceCreateGpuInstance": Mutator(_create_gpu_instance),
    "nvmlDeviceCreateGpuInstanceWithPlacement": Mutator(_create_gpu_instance),
    "nvmlGpuInstanceDestroy": _simple(lifecycle.destroy_gpu_instance, "gi"),
    "nvmlGpuInstanceCreateComputeInstance": Mutator(_create_compute_instance),
    "nvmlGpuInstanceCreateComputeInstanceWithPlacement": Mutator(_create_compute_instance),
    "nvmlComputeInstanceDestroy": _simple(lifecycle.destroy_compute_instance, "gi", "ci"),
    "nvmlDeviceSetComputeMode": _simple(modes.set_compute_mode, "mode"),
    "nvmlDeviceSetPersistenceMode": _simple(modes.set_persistence, "mode"),
    "nvmlDeviceSetEccMode": _simple(modes.set_ecc_mode, "ecc"),
    "nvmlDeviceClearEccErrorCounts": _simple(modes.clear_ecc_counts, "counterType"),
    "nvmlDeviceSetAccountingMode": _simple(modes.set_accounting, "mode"),
    "nvmlDeviceClearAccountingPids": _simple(modes.clear_accounts),
    "nvmlDeviceSetAPIRestriction": _simple(modes.set_restriction, "apiType", "isRestricted"),
    "nvmlDeviceSetApplicationsClocks": _simple(
        clocks.set_applications_clocks,
        "memClockMHz",
        "graphicsClockMHz",
        restriction="restriction.applications_clocks",
    ),
    "nvmlDeviceResetApplicationsClocks": _simple(
        clocks.reset_applications_clocks, restriction="restriction.applications_clocks"
    ),
    "nvmlDeviceSetGpuLockedClocks": _simple(
        clocks.lock_graphics_clocks, "minGpuClockMHz", "maxGpuClockMHz"
    ),
    "nvmlDeviceResetGpuLockedClocks": _simple(clocks.unlock_graphics_clocks),
    "nvmlDeviceSetMemoryLockedClocks": _simple(
        clocks.lock_memory_clocks, "minMemClockMHz", "maxMemClockMHz"
    ),
    "nvmlDeviceResetMemoryLockedClocks": _simple(clocks.unlock_memory_clocks),
    "nvmlDeviceSetAutoBoostedClocksEnabled": _simple(
        clocks.set_auto_boost, "enabled", restriction="restriction.auto_boost"
    ),
    "nvmlDeviceSetDefaultAutoBoostedClocksEnabled": _simple(
        clocks.set_default_auto_boost, "enabled"
    ),
    "nvmlDeviceSetPowerManagementLimit": _simple(board.set_power_limit, "limit"),
    "nvmlDeviceSetPowerManagementLimit_v2": Mutator(_set_power_limit_v2),
    "nvmlDeviceSetFanSpeed_v2": _simple(board.set_fan_speed, "fan", "speed"),
    "nvmlDeviceSetDefaultFanSpeed_v2": _simple(board.set_default_fan_speed, "fan"),
    "nvmlDeviceSetFanControlPolicy": _simple(board.set_fan_policy, "fan", "policy"),
    "nvmlDeviceSetTemperatureThreshold": Mutator(_set_threshold),
    "nvmlDeviceResetNvLinkErrorCounters": _simple(board.reset_link_errors, "link"),
    "nvmlDeviceModifyDrainState": _at_address(presence.set_drain, "newState"),
    "nvmlDeviceRemoveGpu": _at_address(presence.remove_gpu),
    "nvmlDeviceRemoveGpu_v2": _at_address(presence.remove_gpu),
    "nvmlDeviceDiscoverGpus": Mutator(_discover),
}

# What nvidia-smi does beside NVML, by interfaces that are not public; these numbers are ours, and
# beyond those of NVML's functions. The message has one number, and a text: the GPU's UUID or, of
# ANNOUNCE, how the program was called.
RESET, SET_TIME_SLICE, GET_TIME_SLICE, ANNOUNCE = 0x10000, 0x10001, 0x10002, 0x10003


def _get_time_slice(call: Call) -> None:
    call.answers["value"] = call.device["timeslice"]


PRIVATE: Mapping[int, Mutator] = {
    RESET: _simple(reset.reset_gpu),
    SET_TIME_SLICE: _simple(modes.set_time_slice, "value"),
    GET_TIME_SLICE: Mutator(_get_time_slice, open=True),
}

# As what the rules for the program know each of them.
PRIVATE_NAMES: Mapping[int, str] = {
    RESET: "--gpu-reset",
    SET_TIME_SLICE: "compute-policy",
    GET_TIME_SLICE: "compute-policy",
}
