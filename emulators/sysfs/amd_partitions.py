"""Splitting an AMD GPU: compute modes at once, memory modes when the driver is loaded again.

Rules: amdgpu_gfx.c and aqua_vanjaram.c for compute, amdgpu_gmc.c for memory.
"""

from typing import TYPE_CHECKING, TypeVar

from drawplate.emulators.devices import amd
from drawplate.emulators.devices.binding import driver_of
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.device import NODE
from drawplate.emulators.sysfs.functions import DRIVER

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drawplate.emulators.machine.sections.amd import Amd
    from drawplate.emulators.state.change import Change
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State

Mode = TypeVar("Mode", bound=str)

COMPUTE, MEMORY = "partition.compute", "partition.memory"
REQUESTED = "partition.memory_requested"
GENERATION = "kfd.generation"
HIDDEN = "topology.hidden"


def set_compute_partition(change: "Change", gpu: "Device", text: str) -> None:
    """Split the compute units as `text` says, whose first three letters count, in any case.

    Raises Refused: INVALID for a mode that the model does not have or that does not go with the
    memory mode, IN_USE while programs use the GPU, NO_PERMISSION while it waits for a reset.
    """
    section = _section(gpu)
    mode = _named(text, section.compute)
    if mode is None:
        raise Refused(Reason.INVALID, f"{gpu.name} has no compute partition {text.strip()!r}")
    if mode == gpu[COMPUTE]:
        return
    if gpu[MEMORY] not in section.compute[mode].memory:
        raise Refused(Reason.INVALID, f"{mode} does not go with {gpu[MEMORY]}")
    if gpu["lost"] or gpu["reset_required"]:
        raise Refused(Reason.NO_PERMISSION, f"{gpu.name} must be reset first")
    if gpu["processes"]:
        raise Refused(Reason.IN_USE, f"programs use {gpu.name}")
    change.set(gpu, COMPUTE, mode)


def set_memory_partition(change: "Change", gpu: "Device", text: str) -> None:
    """Ask for a memory mode; all GPUs that are linked get it when the driver is loaded again.

    Raises Refused(INVALID) for a mode that the model does not have.
    """
    section = _section(gpu)
    mode = _named(text, section.memory)
    if mode is None:
        raise Refused(Reason.INVALID, f"{gpu.name} has no memory partition {text.strip()!r}")
    if mode == gpu[MEMORY]:
        return
    linked = amd.bound(change.state) if section.hive else [gpu]
    for one in linked:
        change.set(one, REQUESTED, mode)


def install(state: "State") -> None:
    """Let the state derive what partitions and drivers entail."""
    state.rules.append(_take_requested_modes)
    state.rules.append(_count_topologies)


def _take_requested_modes(change: "Change") -> None:
    # When the driver comes to a GPU again, it does so with the memory mode that was asked for.
    for name in [*change.sets, *change.plugged]:
        gpu = change.state.all_devices.get(name)
        if gpu is None or gpu.spec.profile.amd is None:
            continue
        arrived = name in change.plugged or DRIVER in change.sets.get(name, {})
        mode = gpu[REQUESTED]
        if arrived and mode and driver_of(change.state, gpu) == amd.KERNEL_DRIVER:
            memory = gpu.spec.profile.amd.memory[mode]
            values = {MEMORY: mode, REQUESTED: "", COMPUTE: memory.compute}
            change.update(gpu, values)


def _count_topologies(change: "Change") -> None:
    moved = {*change.plugged, *change.unplugged}
    keys = {COMPUTE, DRIVER, HIDDEN}
    moved |= {name for name, values in change.sets.items() if keys & set(values)}
    gpus = (change.state.all_devices.get(name) for name in moved)
    if any(gpu is not None and gpu.spec.kind == amd.KIND for gpu in gpus):
        change.set(NODE, GENERATION, change.state.device(NODE)[GENERATION] + 1)


def _section(gpu: "Device") -> "Amd":
    section = gpu.spec.profile.amd
    if section is None:
        raise Refused(Reason.NOT_SUPPORTED, f"{gpu.name} is no AMD GPU")
    return section


def _named(text: str, modes: "Iterable[Mode]") -> "Mode | None":
    return next((mode for mode in modes if text.upper().startswith(mode)), None)
