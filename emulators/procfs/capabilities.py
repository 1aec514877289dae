"""NVIDIA's capability files: which device node proves that a program may do what.

Format and order: nv-caps.c of the open kernel modules. The minor 0 is NVLink's, then come MIG's,
then those of the whole system.
"""

from functools import partial
from typing import TYPE_CHECKING

from drawplate.emulators.devices import nvidia
from drawplate.emulators.mig import minors
from drawplate.emulators.procfs.facts import branch, facts
from drawplate.emulators.state.device import NODE
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drawplate.emulators.state.model import State

STRUCTURE = nvidia.STRUCTURE | {"driver.version"}

_CAPABILITIES = "/driver/nvidia/capabilities"
_NVLINK = "/driver/nvidia-nvlink/capabilities/fabric-mgmt"
_MINORS = "/driver/nvidia-caps"
_FABRIC_MANAGEMENT = 0
# Capabilities whose nodes the driver's tools are told to leave alone (DeviceFileModify: 0).
FIXED = "capabilities.fixed"
# Modes of the nodes, in the files as decimals: 256 is 0400, 292 is 0444.
_OWNER, _ALL = 0o400, 0o444


def contribute(state: "State", tree: Tree) -> None:
    """Put the capability files and the tables of their minors."""
    if not nvidia.loaded(state):
        return
    tree.folder(f"{_CAPABILITIES}/mig")
    _put(state, tree, f"{_CAPABILITIES}/mig/config", minors.CONFIG, _OWNER)
    _put(state, tree, f"{_CAPABILITIES}/mig/monitor", minors.MONITOR, _ALL)
    _put(state, tree, _NVLINK, _FABRIC_MANAGEMENT, _OWNER)
    for name, minor in system_capabilities(state):
        _put(state, tree, f"{_CAPABILITIES}/{name}", minor, _OWNER)
    for gpu in nvidia.bound(state):
        folder = f"{_CAPABILITIES}/gpu{nvidia.minor_of(gpu)}"
        tree.folder(f"{folder}/mig")
        tree.belongs(folder, gpu.name)
        for path, minor in nvidia.mig_capabilities(gpu):
            _put(state, tree, f"{folder}/mig/{path}", minor, _ALL)
    tree.file(f"{_MINORS}/mig-minors", lambda: _table(minors.mig_minors()))
    tree.file(f"{_MINORS}/nvlink-minors", _table([("fabric-mgmt", _FABRIC_MANAGEMENT)]))
    tree.file(f"{_MINORS}/sys-minors", _table(system_capabilities(state)))


def system_capabilities(state: "State") -> list[tuple[str, int]]:
    """Give the capabilities of the whole system that this branch of the driver has; minors."""
    first = max(minor for _, minor in minors.mig_minors()) + 1
    rows = facts()["system_capabilities"]
    return [
        (row["name"], first + number)
        for number, row in enumerate(rows)
        if branch(state) >= row["since"]
    ]


def _table(rows: "Iterable[tuple[str, int]]") -> str:
    return "".join(f"{name} {minor}\n" for name, minor in rows)


def _put(state: "State", tree: Tree, path: str, minor: int, mode: int) -> None:
    tree.file(
        path,
        partial(_show, state, path, minor, mode),
        write=partial(_store, state, path),
        mode=mode | 0o200,
    )


def _show(state: "State", path: str, minor: int, mode: int) -> str:
    modify = int(path not in state.device(NODE)[FIXED])
    return f"DeviceFileMinor: {minor}\nDeviceFileMode: {mode}\nDeviceFileModify: {modify}\n"


def _store(state: "State", path: str, text: str) -> None:
    key, _, value = text.strip().partition(":")
    if key != "DeviceFileModify" or not value.strip().isdigit():
        return
    with state.change(f"write to {path}") as change:
        fixed = set(state.device(NODE)[FIXED]) - {path}
        change.set(NODE, FIXED, sorted(fixed if int(value) else fixed | {path}))
