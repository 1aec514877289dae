"""Attaches hot-plug messages to a node."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.tree import sysfs
from drawplate.emulators.tree.contributions import build
from drawplate.emulators.tree.model import Tree
from drawplate.emulators.tree.surface import TreeSurface
from drawplate.emulators.uevents.surface import Uevents

if TYPE_CHECKING:
    from drawplate.emulators.node import Node

# Network namespaces whose listeners hear of changes: paths parted by commas, or `self`.
NAMESPACES = "uevents.netns"


def attach(node: "Node") -> None:
    """Send messages into the namespaces of the option `uevents.netns`; without it, nowhere.

    Not into this machine's own by default: its udev would load real drivers for what it hears of.
    Raises SetupProblem when that is asked for without root.
    """
    asked = node.settings.options.get(NAMESPACES, "")
    namespaces = tuple(name for name in asked.split(",") if name)
    if not namespaces:
        return
    if not node.settings.is_root:
        raise SetupProblem(
            "only root can send hot-plug messages",
            where=f"--option {NAMESPACES}={asked}",
            cure="run as root, or leave the option out",
        )
    node.surfaces.append(Uevents(_tree(node), sysfs.CONTRIBUTIONS, namespaces))


def _tree(node: "Node") -> Callable[[], Tree]:
    mounted = next((one for one in node.surfaces if isinstance(one, TreeSurface)), None)
    if mounted is not None:
        return lambda: mounted.tree
    return lambda: build(node.state, sysfs.CONTRIBUTIONS)
