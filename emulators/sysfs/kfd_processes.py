"""class/kfd/kfd/proc: a folder for each program that uses an AMD GPU (kfd_process.c).

What a program holds is in the GPU's property `processes`; `gi` there is the partition it runs on.
"""

from functools import partial
from typing import TYPE_CHECKING

from drawplate.emulators.devices import amd
from drawplate.emulators.state.device import NODE
from drawplate.emulators.sysfs.kfd_nodes import GpuNode, gpu_id

if TYPE_CHECKING:
    from drawplate.emulators.state.change import Change
    from drawplate.emulators.state.model import State
    from drawplate.emulators.tree.model import Tree

# The programs, apart from what they hold: paths come and go with them only.
PIDS = "kfd.pids"

_MIB = 1 << 20
# Address spaces are numbered from here (kfd_pasid.c).
_FIRST_PASID = 0x8000


def put(state: "State", tree: "Tree", root: str, nodes: list[GpuNode]) -> None:
    """Put a folder below `root` for every program."""
    tree.folder(root)
    for number, pid in enumerate(state.device(NODE)[PIDS] if nodes else ()):
        folder = f"{root}/{pid}"
        tree.file(f"{folder}/pasid", f"{_FIRST_PASID + number}\n")
        tree.folder(f"{folder}/queues")
        for node in nodes:
            known_as = gpu_id(node)
            tree.file(f"{folder}/vram_{known_as}", partial(_memory, node, pid))
            tree.file(f"{folder}/sdma_{known_as}", "0\n")
            tree.file(f"{folder}/stats_{known_as}/evicted_ms", "0\n")
            tree.file(f"{folder}/stats_{known_as}/cu_occupancy", "0\n")


def follow(change: "Change") -> None:
    """Note which programs there are, when those of an AMD GPU changed: a rule."""
    devices = change.state.all_devices
    changed = (devices.get(name) for name, values in change.sets.items() if "processes" in values)
    if any(gpu is not None and gpu.spec.kind == amd.KIND for gpu in changed):
        gpus = change.state.devices(kind=amd.KIND)
        pids = {program["pid"] for gpu in gpus for program in gpu["processes"]}
        change.set(NODE, PIDS, sorted(pids))


def _memory(node: GpuNode, pid: int) -> str:
    used = sum(
        program.get("used_mib") or 0
        for program in node.gpu["processes"]
        if program["pid"] == pid and _partition(program, node) == node.partition
    )
    return f"{used * _MIB}\n"


def _partition(program: dict[str, int | None], node: GpuNode) -> int:
    said = program.get("gi")
    return said if said is not None and said < node.partitions else 0
