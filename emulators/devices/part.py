"""Attaches the device nodes to a node, and the rules of what they belong to."""

from typing import TYPE_CHECKING

from drawplate.emulators.devices.nodes import DeviceNodes
from drawplate.emulators.devices.plan import OPENABLE
from drawplate.emulators.state.device import NODE
from drawplate.emulators.sysfs import amd_partitions, kfd_processes

if TYPE_CHECKING:
    from drawplate.emulators.node import Node


def attach(node: "Node") -> None:
    """Keep the nodes below root/dev, as root.

    The option `devices.null` is a list of globs, parted by commas: those nodes are null devices.
    """
    amd_partitions.install(node.state)
    node.state.rules.append(kfd_processes.follow)
    globs = [glob for glob in node.settings.options.get(OPENABLE, "").split(",") if glob]
    if globs:
        with node.state.change("options", quiet=True) as change:
            change.set(NODE, OPENABLE, globs)
    if node.settings.is_root:
        node.surfaces.append(DeviceNodes(node.settings.root / "dev"))
