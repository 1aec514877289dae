"""AMD's compute device; its render nodes are those of DRM."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drawplate.emulators.devices import binding, numbers
from drawplate.emulators.devices.node_plan import NodePlan

if TYPE_CHECKING:
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State

KIND = "amd-gpu"
KERNEL_DRIVER = "amdgpu"
STRUCTURE = binding.STRUCTURE


def bound(state: "State") -> list["Device"]:
    """Give the GPUs that amdgpu has, in their order."""
    return binding.bound(state, {KERNEL_DRIVER}, KIND)


def nodes(state: "State") -> Iterator[NodePlan]:
    """Give /dev/kfd, which is there while amdgpu is loaded (kfd_chardev.c: mode by udev)."""
    if state.devices(kind=KIND, absent=True):
        yield NodePlan("kfd", numbers.here()[numbers.KFD], 0, 0o660)
