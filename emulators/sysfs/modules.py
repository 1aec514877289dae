"""/sys/module: the kernel modules of the drivers that the node's devices have or had.

Linux Documentation/ABI/stable/sysfs-module and testing/sysfs-module.
"""

import hashlib
from functools import cache, partial
from importlib.resources import files
from typing import TYPE_CHECKING

import yaml
from pydantic import Field

from drawplate.emulators.devices import nvidia
from drawplate.emulators.located import Part
from drawplate.emulators.state.device import NODE
from drawplate.emulators.sysfs import driver_table
from drawplate.emulators.sysfs.attributes import stripped
from drawplate.emulators.sysfs.functions import DRIVER
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State

PARAMETERS = "modules.parameters"
STRUCTURE = frozenset({DRIVER, "driver.loaded", "driver.version"})

# The folders of its drivers are made where devices are bound to them.
_PCI = "pci"


class Module(Part):
    """One module as modules.yaml describes it."""

    version: str | None = None
    # `bus:driver` of the drivers that it registers.
    drivers: tuple[str, ...] = ()
    # Modules that use this one.
    holders: tuple[str, ...] = ()
    taint: str = ""
    parameters: dict[str, str] = Field(default_factory=dict)
    # Parameters that may be written while the module is loaded.
    settable: tuple[str, ...] = ()


@cache
def known() -> dict[str, dict[str, Module]]:
    """Give the modules that each driver needs."""
    text = files("drawplate.emulators.sysfs").joinpath("modules.yaml").read_text(encoding="utf-8")
    return {
        driver: {name: Module.model_validate(_tuples(row)) for name, row in modules.items()}
        for driver, modules in yaml.safe_load(text).items()
    }


def contribute(state: "State", tree: Tree) -> None:
    """Put the modules; a driver stays loaded when the last of its devices goes."""
    found = loaded(state)
    for name, module in found.items():
        _put(state, tree, name, module)
        for holder in module.holders:
            if holder in found:
                tree.link(f"/module/{name}/holders/{holder}", f"/module/{holder}")


def loaded(state: "State") -> dict[str, Module]:
    """Give the modules that are loaded, by name."""
    return {name: one for driver in drivers(state) for name, one in known()[driver].items()}


def size(name: str) -> int:
    """Give the bytes of a module's code and data, which nobody reckons with."""
    return len(name) * 65536


def drivers(state: "State") -> list[str]:
    """Give the drivers that are loaded and whose modules are known."""
    return [driver for driver in driver_table.drivers(state) if driver in known()]


def _put(state: "State", tree: Tree, name: str, module: Module) -> None:
    folder = f"/module/{name}"
    version = state.node.machine.driver.get(module.version or "", "")
    if name.startswith("nvidia"):
        version = nvidia.version(state)
    if version:
        tree.file(f"{folder}/version", f"{version}\n")
    tree.file(f"{folder}/srcversion", f"{_source_version(name, version)}\n")
    tree.file(f"{folder}/initstate", "live\n")
    tree.file(f"{folder}/refcnt", lambda: f"{users(state, module)}\n")
    tree.file(f"{folder}/coresize", f"{size(name)}\n")
    tree.file(f"{folder}/taint", f"{module.taint}\n")
    tree.folder(f"{folder}/holders")
    for driver in module.drivers:
        bus, _, registered = driver.partition(":")
        tree.link(f"{folder}/drivers/{driver}", f"/bus/{bus}/drivers/{registered}")
        if bus != _PCI:
            tree.link(f"/bus/{bus}/drivers/{registered}/module", folder)
    for parameter, value in module.parameters.items():
        path = f"{folder}/parameters/{parameter}"
        write = partial(_set, state, path) if parameter in module.settable else None
        tree.file(path, partial(_get, state, path, value), write=write)


def _get(state: "State", path: str, value: str) -> str:
    return f"{state.device(NODE)[PARAMETERS].get(path, value)}\n"


def _set(state: "State", path: str, text: str) -> None:
    with state.change(f"write to {path}") as change:
        change.set(NODE, PARAMETERS, {**state.device(NODE)[PARAMETERS], path: stripped(text)})


def _source_version(name: str, version: str) -> str:
    # scripts/mod/sumversion.c: 23 characters, upper case.
    return hashlib.sha256(f"{name} {version}".encode()).hexdigest()[:23].upper()


def users(state: "State", module: Module) -> int:
    """Give how many modules and programs use a module."""
    programs = {
        (device.name, program["pid"])
        for driver in module.drivers
        for device in state.devices("gpu")
        if device[DRIVER] == driver.partition(":")[2]
        for program in device["processes"]
    }
    return len(module.holders) + len(programs)


def _tuples(row: dict[str, object]) -> dict[str, object]:
    return {key: tuple(it) if isinstance(it, list) else it for key, it in row.items()}
