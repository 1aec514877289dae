"""Intel's device nodes beside those of DRM: the management engine that a GPU is flashed through."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drawplate.emulators.devices import binding, numbers
from drawplate.emulators.devices.node_plan import NodePlan

if TYPE_CHECKING:
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State

KIND = "intel-gpu"
KERNEL_DRIVERS = frozenset({"i915", "xe"})
# The driver found broken firmware: no DRM devices, only what flashing needs.
SURVIVABILITY = "survivability"
STRUCTURE = binding.STRUCTURE | {SURVIVABILITY}


def bound(state: "State") -> list["Device"]:
    """Give the GPUs and virtual functions that i915 or xe has, in their order."""
    return binding.bound(state, KERNEL_DRIVERS, KIND)


def engines(state: "State") -> list[tuple[int, "Device"]]:
    """Give the numbers N of /dev/meiN, and the GPU of each."""
    able = [gpu for gpu in state.devices(kind=KIND, absent=True) if _has_engine(gpu)]
    there = {gpu.name for gpu in bound(state)}
    return [(number, gpu) for number, gpu in enumerate(able) if gpu.name in there]


def nodes(state: "State") -> Iterator[NodePlan]:
    """Give the nodes."""
    for number, gpu in engines(state):
        yield NodePlan(f"mei{number}", numbers.here()[numbers.MEI], number, 0o600, device=gpu.name)


def _has_engine(gpu: "Device") -> bool:
    section = gpu.spec.profile.intel
    # A virtual function has no way to the firmware.
    return gpu.spec.parent is None and section is not None and section.mei
