"""Attaches to a node what brings it to programs and containers: a whole /dev, and CDI edits."""

from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.delivery.cdi import Containers, install_hook
from drawplate.emulators.delivery.nodes import WHOLE_DEV, WholeDev

if TYPE_CHECKING:
    from drawplate.emulators.node import Node

DEV_OPTION = "delivery.dev"


def attach(node: "Node") -> None:
    """Keep a whole /dev, as root, and offer the operation `cdi`.

    The option `delivery.dev` names the /dev of a namespace that is the node's own, which then
    gets the nodes of the emulated devices; else one is made in the node's folder.
    """
    settings = node.settings
    if settings.is_root:
        target = Path(settings.options.get(DEV_OPTION, "") or settings.folder / WHOLE_DEV)
        record = settings.folder / "dev.json"
        node.surfaces.append(WholeDev(settings.root / "dev", target, record))
    install_hook(settings.folder)
    node.operations["cdi"] = Containers(node).specification
