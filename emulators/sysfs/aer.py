"""Counters of PCIe errors, `aer_dev_*`, and their sums at the root ports (drivers/pci/pcie/aer.c)."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from drawplate.emulators.sysfs.attributes import tables
from drawplate.emulators.sysfs.functions import DRIVER, REMOVED_BRIDGES, Function, functions
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State

STRUCTURE = frozenset({DRIVER, REMOVED_BRIDGES})

_TOTALS = {"correctable": "COR", "fatal": "FATAL", "nonfatal": "NONFATAL"}
_WITH_EXTENDED = 4096


def contribute(state: "State", tree: Tree) -> None:
    """Put the counters of every function that has the capability."""
    for function in functions(state):
        if function.config_bytes < _WITH_EXTENDED:
            continue
        for kind in _TOTALS:
            tree.file(f"{function.folder}/aer_dev_{kind}", _counters(function.owner, kind))
        if function.bridge is not None and function.bridge.kind == "root":
            _put_sums(state, tree, function)


def _counters(owner: "Device | None", kind: str) -> Callable[[], str]:
    names = tables()["errors"][kind]

    def show() -> str:
        counts = _counts(owner, kind)
        # A name that the table lacks is shown too, as the kernel does with unnamed bits.
        shown = [*names, *(name for name in counts if name not in names)]
        lines = [f"{name} {counts.get(name, 0)}" for name in shown]
        return "\n".join([*lines, f"TOTAL_ERR_{_TOTALS[kind]} {sum(counts.values())}"]) + "\n"

    return show


def _put_sums(state: "State", tree: Tree, port: Function) -> None:
    below = [
        one
        for one in state.devices()
        if one.spec.pcie_root == port.folder.split("/")[2] and port.address in one.spec.bridges
    ]
    for kind, name in (("correctable", "cor"), ("fatal", "fatal"), ("nonfatal", "nonfatal")):
        tree.file(f"{port.folder}/aer_rootport_total_err_{name}", _sum(below, kind))


def _sum(devices: list["Device"], kind: str) -> Callable[[], str]:
    return lambda: f"{sum(sum(_counts(one, kind).values()) for one in devices)}\n"


def _counts(owner: "Device | None", kind: str) -> Mapping[str, int]:
    return owner[f"aer.{kind}"] if owner is not None else {}
