"""Gives a node with NVIDIA GPUs its nvidia-smi."""

from typing import TYPE_CHECKING

from drawplate.emulators.smi.surface import NvidiaSmi

if TYPE_CHECKING:
    from drawplate.emulators.node import Node


def attach(node: "Node") -> None:
    """Install the program beside the library."""
    if node.state.devices(kind="nvidia-gpu", absent=True):
        node.surfaces.append(NvidiaSmi(node.settings.root))
