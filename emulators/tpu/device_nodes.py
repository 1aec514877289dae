"""Device nodes of chips with the accel driver (v4 and older), /dev/accelN.

Chips of later generations have VFIO nodes, which every VFIO device has.
"""

from collections.abc import Iterator

from drawplate.emulators.devices import numbers
from drawplate.emulators.devices.node_plan import NodePlan
from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State
from drawplate.emulators.sysfs.functions import DRIVER

STRUCTURE = frozenset({DRIVER, "lost"})


def chips(state: State) -> list[Device]:
    """Give the chips that the accel driver has."""
    return [one for one in state.devices(family="tpu") if _is_accel(one)]


def major() -> int:
    """Give the major number of the driver on this machine."""
    return numbers.here()[numbers.TPU]


def nodes(state: State) -> Iterator[NodePlan]:
    """Give the nodes; a chip keeps its number."""
    for chip in chips(state):
        yield NodePlan(f"accel{chip.spec.index}", major(), chip.spec.index, device=chip.name)


def _is_accel(chip: Device) -> bool:
    profile = chip.spec.profile
    accel = profile.tpu is not None and profile.tpu.nodes == "accel"
    return accel and chip[DRIVER] == profile.pci.kernel_driver and not chip["lost"]
