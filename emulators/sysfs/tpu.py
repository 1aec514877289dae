"""class/accel of TPU chips with the accel driver (v4 and older); later ones show as VFIO only."""

from typing import TYPE_CHECKING

from drawplate.emulators.sysfs.functions import folder_of
from drawplate.emulators.tpu import device_nodes
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State

STRUCTURE = device_nodes.STRUCTURE


def contribute(state: "State", tree: Tree) -> None:
    """Put a class device for every chip."""
    for chip in device_nodes.chips(state):
        name, card = f"accel{chip.spec.index}", folder_of(chip.spec)
        folder, numbers = f"{card}/accel/{name}", (device_nodes.major(), chip.spec.index)
        tree.file(f"{folder}/dev", f"{numbers[0]}:{numbers[1]}\n")
        tree.file(f"{folder}/uevent", f"MAJOR={numbers[0]}\nMINOR={numbers[1]}\nDEVNAME={name}\n")
        tree.link(f"{folder}/device", card)
        tree.link(f"{folder}/subsystem", "/class/accel")
        tree.link(f"/class/accel/{name}", folder)
