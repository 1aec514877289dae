"""AMD's compute topology, class/kfd: processors first, then every GPU or partition of one.

Files and the order of their keys: kfd_topology.c; values were compared with a capture of an
MI308X in CPX mode (testdata of AMD's device plugin).
"""

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from drawplate.emulators.devices import amd, numbers
from drawplate.emulators.machine.topology import cpu_numbers
from drawplate.emulators.state.device import NODE
from drawplate.emulators.sysfs import kfd_links, kfd_nodes, kfd_processes
from drawplate.emulators.sysfs.amd import unique_id
from drawplate.emulators.sysfs.amd_partitions import GENERATION
from drawplate.emulators.sysfs.kfd_nodes import GpuNode, gpu_id
from drawplate.emulators.sysfs.kfd_properties import cpu_properties, gpu_properties, lines
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.machine.sections.amd import Amd
    from drawplate.emulators.state.model import State

STRUCTURE = kfd_nodes.STRUCTURE | {kfd_processes.PIDS}

_KFD = "/devices/virtual/kfd/kfd"
_TOPOLOGY = f"{_KFD}/topology"
_MIB = 1 << 20
# HSA_HEAPTYPE_SYSTEM, and FRAME_BUFFER_PUBLIC: a large BAR shows all of it.
_SYSTEM, _FRAME_BUFFER = 0, 1
# What a node has when the machine file does not say: enough for anybody who divides by it.
_DEFAULT_NODE_MIB = 524288
# Compute units are numbered from here, over all GPUs (kfd_crat.c).
_FIRST_UNIT = 0x80001000
_PLATFORM = {"platform_oem": 35498446626881, "platform_id": 35322352389441, "platform_rev": 2}


@dataclass(frozen=True, slots=True)
class Bank:
    """Memory of a node: kind of heap, bytes, bits of width, MHz."""

    heap: int
    size: int
    width: int
    clock: int


def contribute(state: "State", tree: Tree) -> None:
    """Put class/kfd, which is there as long as there is a place for an AMD GPU."""
    if not state.devices(kind=amd.KIND, absent=True):
        return
    major = numbers.here()[numbers.KFD]
    tree.file(f"{_KFD}/dev", f"{major}:0\n")
    tree.file(f"{_KFD}/uevent", f"MAJOR={major}\nMINOR=0\nDEVNAME=kfd\n", mode=0o644)
    tree.link(f"{_KFD}/subsystem", "/class/kfd")
    tree.link("/class/kfd/kfd", _KFD)
    tree.link(f"/dev/char/{major}:0", _KFD)
    tree.file(f"{_TOPOLOGY}/generation_id", lambda: f"{state.device(NODE)[GENERATION]}\n")
    tree.file(f"{_TOPOLOGY}/system_properties", lines(_PLATFORM))
    nodes = kfd_nodes.gpu_nodes(state)
    _put_nodes(state, tree, nodes)
    kfd_processes.put(state, tree, f"{_KFD}/proc", nodes)


def _put_nodes(state: "State", tree: Tree, gpus: list[GpuNode]) -> None:
    numa = state.node.machine.numa
    links = kfd_links.links(numa, gpus)
    for number in range(numa.nodes):
        folder = f"{_TOPOLOGY}/nodes/{number}"
        cpus = cpu_numbers(numa.cpus[number]) if numa.cpus else [number]
        counts = kfd_links.put(tree, folder, links[number])
        tree.file(f"{folder}/gpu_id", "0\n")
        tree.file(f"{folder}/name", "\n")
        tree.file(f"{folder}/properties", cpu_properties(cpus, counts))
        mib = numa.memory_mib[number] if numa.memory_mib else _DEFAULT_NODE_MIB
        _put_bank(tree, folder, Bank(_SYSTEM, mib * _MIB, 64, 4800))
        tree.folder(f"{folder}/caches")
    base = _FIRST_UNIT
    for place, node in enumerate(gpus):
        number = numa.nodes + place
        base += _put_gpu(tree, f"{_TOPOLOGY}/nodes/{number}", node, links[number], base)


def _put_gpu(tree: Tree, folder: str, node: GpuNode, links: list[kfd_links.Link], base: int) -> int:
    gpu, section = node.gpu, node.gpu.spec.profile.amd
    if section is None:
        return 0
    tree.belongs(folder, gpu.name)
    dies = section.dies // node.partitions
    caches = _caches(section, dies, base)
    counts = {**kfd_links.put(tree, folder, links), "caches_count": len(caches)}
    tree.file(f"{folder}/gpu_id", f"{gpu_id(node)}\n")
    tree.file(f"{folder}/name", "ip discovery\n")
    text = gpu_properties(node, section, unique_id(gpu), counts, base)
    tree.file(f"{folder}/properties", text)
    size = gpu["memory.total"] * _MIB // node.partitions
    width = section.memory_width_bits // node.partitions
    _put_bank(tree, folder, Bank(_FRAME_BUFFER, size, width, section.memory_clock_mhz))
    tree.file(f"{folder}/mem_banks/0/used_memory", partial(_used, node))
    for place, values in enumerate(caches):
        tree.file(f"{folder}/caches/{place}/properties", lines(values))
    return dies * section.units_per_die


def _caches(section: "Amd", dies: int, base: int) -> list[dict[str, object]]:
    # One of each kind for a die, where the kernel has one for each group of units.
    units = section.units_per_die
    return [
        {
            "processor_id_low": base + die * units,
            "level": cache.level,
            "size": cache.size_kib,
            "cache_line_size": 128,
            "cache_lines_per_tag": 1,
            "association": 16,
            "latency": 0,
            "type": cache.type,
            "sibling_map": ",".join(["1"] * (dies * units if cache.shared else units)),
        }
        for cache in section.caches
        for die in range(1 if cache.shared else dies)
    ]


def _used(node: GpuNode) -> str:
    return f"{node.gpu['memory.used'] * _MIB // node.partitions}\n"


def _put_bank(tree: Tree, folder: str, bank: "Bank") -> None:
    values = {
        "heap_type": bank.heap,
        "size_in_bytes": bank.size,
        "flags": 0,
        "width": bank.width,
        "mem_clk_max": bank.clock,
    }
    tree.file(f"{folder}/mem_banks/0/properties", lines(values))
