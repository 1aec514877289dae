"""The drivers of the PCI bus, and the files through which devices are bound to them."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.device import NODE, Device
from drawplate.emulators.sysfs import driver_table
from drawplate.emulators.sysfs.attributes import flag, number, stripped
from drawplate.emulators.sysfs.driver_table import AUTOPROBE, OVERRIDE, drivers
from drawplate.emulators.sysfs.functions import (
    BRIDGE_DRIVER,
    DRIVER,
    REMOVED_BRIDGES,
    Function,
    functions,
)
from drawplate.emulators.sysfs.pci import BUS
from drawplate.emulators.tree.model import PAGE, Tree

if TYPE_CHECKING:
    from drawplate.emulators.state.change import Change
    from drawplate.emulators.state.model import State

STRUCTURE = frozenset({DRIVER, REMOVED_BRIDGES, "driver.loaded"})

_WRITE_ONLY = 0o200
Action = Callable[["Change", Device, str], None]


def contribute(state: "State", tree: Tree) -> None:
    """Put the drivers, the links of what is bound, and the files of the bus."""
    for driver in drivers(state):
        _put_driver(state, tree, driver)
    for function in functions(state):
        driver = function.driver
        if driver:
            folder = f"{BUS}/drivers/{driver}"
            tree.link(f"{function.folder}/driver", folder)
            tree.link(f"{folder}/{function.address}", function.folder)
        _put_override(state, tree, function)
    _put_bus(state, tree)


def module_of(driver: str) -> str:
    """Give the name of a driver's module."""
    return driver.replace("-", "_")


def _put_driver(state: "State", tree: Tree, driver: str) -> None:
    folder = f"{BUS}/drivers/{driver}"

    def by_address(action: Action) -> Callable[[str], None]:
        return lambda text: _on_device(state, text, driver, action)

    def by_ids(action: Callable[["Change", str, str], None]) -> Callable[[str], None]:
        def write(text: str) -> None:
            with state.change("sysfs") as change:
                action(change, driver, text)

        return write

    for name, write in (
        ("bind", by_address(driver_table.bind)),
        ("unbind", by_address(driver_table.unbind)),
        ("new_id", by_ids(driver_table.add_ids)),
        ("remove_id", by_ids(driver_table.remove_ids)),
        ("uevent", lambda _: None),
    ):
        tree.file(f"{folder}/{name}", "", write=write, mode=_WRITE_ONLY)
    if driver != BRIDGE_DRIVER:
        _put_module(tree, driver)


def _put_module(tree: Tree, driver: str) -> None:
    module = f"/module/{module_of(driver)}"
    tree.link(f"{BUS}/drivers/{driver}/module", module)
    # Drivers that no device of the node needs are loaded all the same.
    if tree.find(module) is None:
        tree.file(f"{module}/initstate", "live\n")
        tree.file(f"{module}/refcnt", "0\n")
        tree.link(f"{module}/drivers/pci:{driver}", f"{BUS}/drivers/{driver}")


def _on_device(state: "State", text: str, driver: str, action: Action) -> None:
    address = stripped(text)
    with state.change("sysfs") as change:
        device = driver_table.find(state, address)
        if device is None:
            raise Refused(Reason.LOST, f"there is no device {address!r}")
        action(change, device, driver)


def _put_override(state: "State", tree: Tree, function: Function) -> None:
    owner, path = function.owner, f"{function.folder}/driver_override"
    if owner is None:
        tree.file(path, "(null)\n", write=lambda _: None)
        return

    def write(text: str) -> None:
        if len(text) >= PAGE - 1:
            raise Refused(Reason.INVALID, "a driver's name is shorter than a page")
        with state.change("sysfs") as change:
            change.set(owner, OVERRIDE, text.partition("\0")[0].partition("\n")[0])

    # The kernel prints a missing string so (driver_override_show).
    tree.file(path, lambda: f"{owner[OVERRIDE] or '(null)'}\n", write=write)


def _put_bus(state: "State", tree: Tree) -> None:
    node = state.device(NODE)

    def probe(text: str) -> None:
        address = stripped(text)
        with state.change("sysfs") as change:
            device = driver_table.find(state, address)
            if device is None:
                raise Refused(Reason.LOST, f"there is no device {address!r}")
            driver_table.probe(change, device)

    def set_autoprobe(text: str) -> None:
        with state.change("sysfs") as change:
            change.set(NODE, AUTOPROBE, flag(text))

    tree.file(f"{BUS}/drivers_probe", "", write=probe, mode=_WRITE_ONLY)
    tree.file(f"{BUS}/drivers_autoprobe", lambda: f"{int(node[AUTOPROBE])}\n", write=set_autoprobe)
    for function in functions(state):
        if function.owner is not None:
            _put_enable(state, tree, function, function.owner)
        else:
            tree.file(f"{function.folder}/enable", "1\n", write=lambda _: None)


def _put_enable(state: "State", tree: Tree, function: Function, owner: Device) -> None:
    def show() -> str:
        return f"{owner['pci.enabled'] + bool(driver_table.bound_driver(state, owner))}\n"

    def write(text: str) -> None:
        wanted, now = number(text), int(owner["pci.enabled"])
        if driver_table.bound_driver(state, owner):
            raise Refused(Reason.IN_USE, "a driver has enabled the device")
        if not wanted and not now:
            raise Refused(Reason.IO, "the device is not enabled")
        with state.change("sysfs") as change:
            change.set(owner, "pci.enabled", now + 1 if wanted else now - 1)

    tree.file(f"{function.folder}/enable", show, write=write)
