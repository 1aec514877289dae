"""VFIO's device nodes: the container, and one for each IOMMU group that a VFIO driver has.

Linux Documentation/driver-api/vfio.rst: /dev/vfio/vfio is the misc device 196, the groups have a
major of their own and a minor each; /dev/vfio/devices/vfioN goes past the groups.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drawplate.emulators.devices import binding, numbers
from drawplate.emulators.devices.node_plan import NodePlan

if TYPE_CHECKING:
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State

GROUP = "iommu.group"
STRUCTURE = binding.STRUCTURE | {GROUP}

_CONTAINER_MINOR = 196
_DRIVERS = {"vfio-pci", "tpu_common_vfio", "mlx5_vfio_pci", "nvgrace-gpu-vfio-pci"}


def bound(state: "State") -> list["Device"]:
    """Give the devices that a VFIO driver has."""
    return binding.bound(state, _DRIVERS)


def nodes(state: "State") -> Iterator[NodePlan]:
    """Give the nodes: the container where some device may need it, and the groups in use."""
    devices = bound(state)
    if devices:
        yield NodePlan("vfio/vfio", numbers.here()[numbers.MISC], _CONTAINER_MINOR)
    groups = {int(one[GROUP]): one.name for one in devices if one[GROUP] >= 0}
    major = numbers.here()
    for group, name in sorted(groups.items()):
        group_major, device_major = major[numbers.VFIO_GROUP], major[numbers.VFIO_DEVICE]
        # The kernel gives minors as groups come; what counts is that they stay while others go.
        yield NodePlan(f"vfio/{group}", group_major, group, 0o600, device=name)
        # Devices are numbered as sysfs/vfio.py numbers them: by their group.
        yield NodePlan(f"vfio/devices/vfio{group}", device_major, group, 0o600, device=name)
