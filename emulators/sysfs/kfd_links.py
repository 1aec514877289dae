"""Links between the nodes of AMD's compute topology: io_links and p2p_links.

As kfd_crat.c makes them: io_links are direct, p2p_links go through another processor. Weights and
bandwidths (MB/s) are those of a captured MI300 system.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drawplate.emulators.sysfs.kfd_properties import lines

if TYPE_CHECKING:
    from drawplate.emulators.machine.topology import Numa
    from drawplate.emulators.sysfs.kfd_nodes import GpuNode
    from drawplate.emulators.tree.model import Tree

# CRAT_IOLINK_TYPE_*: 2 PCI Express, 5 between processors (QPI 1.1 in that table), 11 XGMI.
_PCIE, _CPU, _XGMI = 2, 5, 11
_PCIE_WEIGHT, _SAME_GPU_WEIGHT, _XGMI_WEIGHT = 20, 13, 15
_PCIE_BANDWIDTH, _XGMI_BANDWIDTH, _SAME_GPU_BANDWIDTH = (312, 64000), 64000, 819200
# Bits: 1 enabled; 2 not coherent.
_ENABLED, _NOT_COHERENT = 1, 2
_CPU_WEIGHT = 21


@dataclass(frozen=True, slots=True)
class Link:
    """One link from a node to another; `through` when another processor is between them."""

    kind: int
    origin: int
    target: int
    weight: int
    bandwidth: tuple[int, int] = (0, 0)
    flags: int = _ENABLED
    through: bool = False


def links(numa: "Numa", gpus: "Sequence[GpuNode]") -> list[list[Link]]:
    """Give the links of every node, processors first."""
    found = [_of_processor(numa, number, gpus) for number in range(numa.nodes)]
    return found + [_of_gpu(numa, place, gpus) for place in range(len(gpus))]


def put(tree: "Tree", folder: str, these: Sequence[Link]) -> Mapping[str, int]:
    """Put the links of one node; give their counts, by the keys of `properties`."""
    direct = [link for link in these if not link.through]
    indirect = [link for link in these if link.through]
    for name, group in (("io_links", direct), ("p2p_links", indirect)):
        tree.folder(f"{folder}/{name}")
        for number, link in enumerate(group):
            tree.file(f"{folder}/{name}/{number}/properties", _text(link))
    return {"io_links_count": len(direct), "p2p_links_count": len(indirect)}


def _of_processor(numa: "Numa", number: int, gpus: "Sequence[GpuNode]") -> list[Link]:
    found = [
        Link(_CPU, number, other, _distance(numa, number, other), flags=0)
        for other in range(numa.nodes)
        if other != number
    ]
    for place, node in enumerate(gpus):
        found.append(_between(numa, number, numa.nodes + place, number, node))
    return found


def _of_gpu(numa: "Numa", place: int, gpus: "Sequence[GpuNode]") -> list[Link]:
    own, number = gpus[place], numa.nodes + place
    found = [_between(numa, number, other, other, own) for other in range(numa.nodes)]
    for other, node in enumerate(gpus):
        link = _to_gpu(own, node, number, numa.nodes + other)
        found += [link] if other != place and link else []
    return found


def _between(numa: "Numa", origin: int, target: int, cpu: int, gpu: "GpuNode") -> Link:
    home = gpu.gpu.spec.numa_node or 0
    if home == cpu:
        return Link(_PCIE, origin, target, _PCIE_WEIGHT, _PCIE_BANDWIDTH)
    weight = _PCIE_WEIGHT + _distance(numa, home, cpu)
    flags = _ENABLED | _NOT_COHERENT
    return Link(_PCIE, origin, target, weight, flags=flags, through=True)


def _to_gpu(own: "GpuNode", other: "GpuNode", number: int, target: int) -> Link | None:
    if own.gpu is other.gpu:
        bandwidth = (_SAME_GPU_BANDWIDTH, _SAME_GPU_BANDWIDTH)
        return Link(_XGMI, number, target, _SAME_GPU_WEIGHT, bandwidth)
    sections = [one.gpu.spec.profile.amd for one in (own, other)]
    if not all(section and section.hive for section in sections):
        return None
    return Link(_XGMI, number, target, _XGMI_WEIGHT, (_XGMI_BANDWIDTH, _XGMI_BANDWIDTH))


def _distance(numa: "Numa", here: int, there: int) -> int:
    return numa.distance[here][there] if numa.distance else _CPU_WEIGHT


def _text(link: Link) -> str:
    least, most = link.bandwidth
    return lines(
        {
            "type": link.kind,
            "version_major": 0,
            "version_minor": 0,
            "node_from": link.origin,
            "node_to": link.target,
            "weight": link.weight,
            "min_latency": 0,
            "max_latency": 0,
            "min_bandwidth": least,
            "max_bandwidth": most,
            "recommended_transfer_size": 0,
            "flags": link.flags,
        }
    )
