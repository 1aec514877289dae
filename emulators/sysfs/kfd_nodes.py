"""The nodes of AMD's compute topology that compute: GPUs, or the partitions of a GPU."""

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drawplate.emulators.devices import amd, drm
from drawplate.emulators.sysfs.amd_partitions import COMPUTE, HIDDEN

if TYPE_CHECKING:
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State

STRUCTURE = amd.STRUCTURE | drm.STRUCTURE | {COMPUTE, HIDDEN}


@dataclass(frozen=True, slots=True)
class GpuNode:
    """One node that computes: the partition of that number, of so many, and its render node."""

    gpu: "Device"
    partition: int
    partitions: int
    render: int


def gpu_nodes(state: "State") -> list[GpuNode]:
    """Give the nodes in the order of the topology."""
    renders = {(card.device.name, card.slot): card.render for card in drm.cards(state)}
    found = []
    for gpu in amd.bound(state):
        section = gpu.spec.profile.amd
        if section is None or gpu[HIDDEN]:
            continue
        mode = section.compute.get(gpu[COMPUTE])
        count = mode.partitions if mode else 1
        found += [GpuNode(gpu, it, count, renders[gpu.name, it]) for it in range(count)]
    return found


def gpu_id(node: GpuNode) -> int:
    """Give the 16 bit number by which ioctls know the node: stable, and never 0."""
    return zlib.crc32(f"{node.gpu.spec.uuid}/{node.partition}".encode()) % 0xFFFF + 1
