"""Shows the NVIDIA GPUs of a node through NVML."""

from typing import TYPE_CHECKING

from drawplate.emulators.nvml.calls import SOCKET, Calls
from drawplate.emulators.nvml.energy import count_energy
from drawplate.emulators.nvml.mutators import part as mutators
from drawplate.emulators.nvml.pages import Pages

if TYPE_CHECKING:
    from drawplate.emulators.node import Node


def attach(node: "Node") -> None:
    """Add the library, and the sockets behind it, where the node has NVIDIA GPUs."""
    if node.state.devices(kind="nvidia-gpu", absent=True):
        pages = Pages(node.settings.root, node.settings.folder)
        calls = Calls(node.settings.folder / SOCKET, pages)
        node.surfaces.extend((pages, calls))
        node.state.tickers.append(count_energy)
        node.operations["trace"] = calls.trace
        mutators.attach(node)
