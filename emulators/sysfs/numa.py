"""Memory nodes and processors of the machine file, in place of this machine's own.

Left out unless asked for: the kubelet and cAdvisor believe what they read here. Linux
Documentation/ABI/stable/sysfs-devices-node and sysfs-devices-system-cpu.
"""

from typing import TYPE_CHECKING

from drawplate.emulators.sysfs.cpus import all_cpus, cpu_list, cpu_mask, cpus_of
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.machine.topology import Numa
    from drawplate.emulators.state.model import State

STRUCTURE: frozenset[str] = frozenset()

NODES, CPUS = "/devices/system/node", "/devices/system/cpu"

# Nodes of which the machine file says nothing have so much memory, in MiB.
_MEMORY_MIB = 65536
_LOCAL, _REMOTE = 10, 21
_COUNTERS = ("numa_hit", "numa_miss", "numa_foreign", "interleave_hit", "local_node", "other_node")


def contribute(state: "State", tree: Tree) -> None:
    """Put the nodes and the processors."""
    numa = state.node.machine.numa
    tree.folder(NODES, closed=True)
    tree.folder(CPUS, closed=True)
    everywhere = cpu_list(range(numa.nodes))
    for name in ("online", "possible", "has_cpu", "has_memory", "has_normal_memory"):
        tree.file(f"{NODES}/{name}", f"{everywhere}\n")
    for node in range(numa.nodes):
        _put_node(tree, numa, node)
    cpus = all_cpus(numa)
    for name in ("online", "possible", "present"):
        tree.file(f"{CPUS}/{name}", f"{cpu_list(cpus)}\n")
    tree.file(f"{CPUS}/offline", "\n")
    tree.file(f"{CPUS}/isolated", "\n")
    tree.file(f"{CPUS}/kernel_max", "8191\n")
    tree.file(f"{CPUS}/smt/active", "0\n")
    tree.file(f"{CPUS}/smt/control", "off\n")
    for place, cpu in enumerate(cpus):
        _put_cpu(tree, numa, cpu, place)


def _put_node(tree: Tree, numa: "Numa", node: int) -> None:
    folder, cpus = f"{NODES}/node{node}", cpus_of(numa, node)
    tree.link(f"/bus/node/devices/node{node}", folder)
    tree.file(f"{folder}/cpulist", f"{cpu_list(cpus)}\n")
    tree.file(f"{folder}/cpumap", f"{cpu_mask(cpus, numa)}\n")
    tree.file(f"{folder}/distance", " ".join(map(str, _distances(numa, node))) + "\n")
    tree.file(f"{folder}/numastat", "".join(f"{name} 0\n" for name in _COUNTERS))
    tree.file(f"{folder}/uevent", "", mode=0o644, write=lambda _: None)
    kib = 1024 * (numa.memory_mib[node] if numa.memory_mib else _MEMORY_MIB)
    rows = {"MemTotal": kib, "MemFree": kib, "MemUsed": 0}
    lines = [f"Node {node} {name + ':':15}{value:8} kB\n" for name, value in rows.items()]
    pages = [f"Node {node} HugePages_{name}:     0\n" for name in ("Total", "Free", "Surp")]
    tree.file(f"{folder}/meminfo", "".join([*lines, *pages]))
    for size in (2048, 1048576):
        for name in ("nr_hugepages", "free_hugepages", "surplus_hugepages"):
            tree.file(f"{folder}/hugepages/hugepages-{size}kB/{name}", "0\n")
    for cpu in cpus:
        tree.link(f"{folder}/cpu{cpu}", f"{CPUS}/cpu{cpu}")


def _distances(numa: "Numa", node: int) -> list[int]:
    if numa.distance:
        return list(numa.distance[node])
    return [_LOCAL if other == node else _REMOTE for other in range(numa.nodes)]


def _put_cpu(tree: Tree, numa: "Numa", cpu: int, place: int) -> None:
    folder, node = f"{CPUS}/cpu{cpu}", _node_of(numa, cpu)
    siblings = cpus_of(numa, node)
    tree.link(f"{folder}/node{node}", f"{NODES}/node{node}")
    tree.file(f"{folder}/online", "1\n")
    whole = cpu_mask(siblings, numa), cpu_list(siblings)
    alone = cpu_mask([cpu], numa), str(cpu)
    for name, number in (("core_id", place), ("physical_package_id", node), ("die_id", 0)):
        tree.file(f"{folder}/topology/{name}", f"{number}\n")
    # Each set under its old name and its new one, as a mask and as a list.
    for name, (mask, listed) in {
        "thread_siblings": alone,
        "core_cpus": alone,
        "core_siblings": whole,
        "package_cpus": whole,
        "die_cpus": whole,
    }.items():
        tree.file(f"{folder}/topology/{name}", f"{mask}\n")
        tree.file(f"{folder}/topology/{name}_list", f"{listed}\n")


def _node_of(numa: "Numa", cpu: int) -> int:
    return next((node for node in range(numa.nodes) if cpu in cpus_of(numa, node)), 0)
