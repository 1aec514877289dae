"""Lets software change the hardware through NVML."""

from typing import TYPE_CHECKING

from drawplate.emulators import places
from drawplate.emulators.nvml.mutators.server import Mutators

if TYPE_CHECKING:
    from drawplate.emulators.node import Node


def attach(node: "Node") -> None:
    """Serve nvml.sock where the node has NVIDIA GPUs."""
    if node.state.devices(kind="nvidia-gpu", absent=True):
        node.surfaces.append(Mutators(node.settings.folder / places.NVML_SOCKET))
