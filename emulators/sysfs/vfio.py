"""What a VFIO driver shows of the devices that it has: vfio-dev, and the classes of groups."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drawplate.emulators.devices import numbers
from drawplate.emulators.devices.vfio import bound
from drawplate.emulators.sysfs.functions import DRIVER, REMOVED_BRIDGES, functions
from drawplate.emulators.sysfs.iommu import GROUP
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State
    from drawplate.emulators.sysfs.functions import Function

STRUCTURE = frozenset({DRIVER, REMOVED_BRIDGES, GROUP})


def contribute(state: "State", tree: Tree) -> None:
    """Put the devices and groups that userspace drivers can open."""
    devices = {one.name for one in bound(state)}
    groups = sorted({int(one[GROUP]) for one in bound(state)})
    for group in groups:
        _put_group(tree, group)
    for number, function in _numbered(state):
        if function.owner is not None and function.owner.name in devices:
            folder = f"{function.folder}/vfio-dev/vfio{number}"
            _put_node(
                tree,
                folder,
                numbers.here()[numbers.VFIO_DEVICE],
                number,
                f"vfio/devices/vfio{number}",
            )
            tree.link(f"{folder}/device", function.folder)
            tree.link(f"{folder}/subsystem", "/class/vfio-dev")
            tree.link(f"/class/vfio-dev/vfio{number}", folder)


def _numbered(state: "State") -> Iterator[tuple[int, "Function"]]:
    # The number of a group is the device's own; a second function of it counts on from there.
    for function in functions(state):
        if function.owner is not None:
            yield int(function.owner[GROUP]) + 1000 * function.number, function


def _put_group(tree: Tree, group: int) -> None:
    folder = f"/devices/virtual/vfio/{group}"
    _put_node(tree, folder, numbers.here()[numbers.VFIO_GROUP], group, f"vfio/{group}")
    tree.link(f"{folder}/subsystem", "/class/vfio")
    tree.link(f"/class/vfio/{group}", folder)


def _put_node(tree: Tree, folder: str, major: int, minor: int, name: str) -> None:
    tree.file(f"{folder}/dev", f"{major}:{minor}\n")
    keys = f"MAJOR={major}\nMINOR={minor}\nDEVNAME={name}\n"
    tree.file(f"{folder}/uevent", keys, write=lambda _: None)
