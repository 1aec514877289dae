"""Taking functions off the bus and finding them again: remove, rescan, reset, power of slots."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from drawplate.emulators.nvml.mutators.reset import reset_gpu
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.device import NODE, Device
from drawplate.emulators.sysfs import driver_table
from drawplate.emulators.sysfs.attributes import flag, number, stripped
from drawplate.emulators.sysfs.functions import DRIVER, REMOVED_BRIDGES, Function, functions
from drawplate.emulators.sysfs.pci import BUS
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.state.change import Change
    from drawplate.emulators.state.model import State

STRUCTURE = frozenset({DRIVER, REMOVED_BRIDGES})

REMOVED, POWERED = "pci.removed", "pci.powered"
_METHODS = "reset_method"
_REMOVE_MODE, _RESCAN_MODE, _RESET_MODE = 0o220, 0o200, 0o200


def contribute(state: "State", tree: Tree) -> None:
    """Put the files that remove, find, reset and switch."""
    found = functions(state)
    for function in found:
        put = function.folder
        tree.file(f"{put}/remove", "", write=_remover(state, function), mode=_REMOVE_MODE)
        tree.file(f"{put}/rescan", "", write=_rescanner(state), mode=_RESCAN_MODE)
        if function.owner is not None:
            write = _resetter(state, function.owner)
            tree.file(f"{put}/reset", "", write=write, mode=_RESET_MODE)
            _put_methods(state, tree, function, function.owner)
    tree.file(f"{BUS}/rescan", "", write=_rescanner(state), mode=_RESCAN_MODE)
    for root in sorted({function.folder.split("/")[2] for function in found}):
        bus = root.removeprefix("pci")
        path = f"/devices/{root}/pci_bus/{bus}/rescan"
        tree.file(path, "", write=_rescanner(state), mode=_RESCAN_MODE)
    _put_slots(state, tree)


def remove(change: "Change", device: Device) -> None:
    """Let the kernel forget a device, until a rescan."""
    change.set(device, REMOVED, value=True)
    change.unplug(device)


def rescan(change: "Change") -> None:
    """Find what was removed, in every place that has power, and bind drivers."""
    change.set(NODE, REMOVED_BRIDGES, [])
    for device in change.state.devices(absent=True):
        if device[REMOVED] and device[POWERED]:
            change.set(device, REMOVED, value=False)
            _plug(change, device)


def reset(change: "Change", device: Device) -> None:
    """Reset one function: what software wrote to it is gone, and it works again.

    Raises Refused where the device's own reset does, as while programs are on a GPU.
    """
    change.set(device, "pci.config", {})
    change.set(device, "pci.resets", device["pci.resets"] + 1)
    if device.spec.kind == "nvidia-gpu":
        reset_gpu(change, device)
        return
    change.set(device, "reset_required", value=False)
    change.emit("reset", device.name)


def switch(change: "Change", device: Device, *, on: bool) -> None:
    """Switch a slot; the kernel lets the device go, or finds it (pciehp)."""
    if on != device[POWERED]:
        change.set(device, POWERED, on)
        if on and not device.present:
            _plug(change, device)
        elif not on and device.present:
            change.unplug(device)


def settle(change: "Change") -> None:
    """Keep plugging by hand and the kernel's view together: what is put in is found."""
    for name in change.plugged:
        device = change.state.device(name)
        for key, value in ((REMOVED, False), (POWERED, True)):
            if device[key] != value:
                change.set(device, key, value)


def _plug(change: "Change", device: Device) -> None:
    change.plug(device)
    if not device[DRIVER] and change.state.device(NODE)[driver_table.AUTOPROBE]:
        driver_table.probe(change, device)


def _remover(state: "State", function: Function) -> Callable[[str], None]:
    def write(text: str) -> None:
        if not flag(text):
            return
        with state.change("sysfs") as change:
            for device in state.devices():
                if device is function.owner or function.address in device.spec.bridges:
                    remove(change, device)
            if function.bridge is not None:
                gone = state.device(NODE)[REMOVED_BRIDGES]
                change.set(NODE, REMOVED_BRIDGES, [*gone, function.address])

    return write


def _rescanner(state: "State") -> Callable[[str], None]:
    def write(text: str) -> None:
        if flag(text):
            with state.change("sysfs") as change:
                rescan(change)

    return write


def _resetter(state: "State", device: Device) -> Callable[[str], None]:
    def write(text: str) -> None:
        if number(text) != 1:
            raise Refused(Reason.INVALID, "write 1")
        if device["pci.attributes"].get(_METHODS) == "":
            raise Refused(Reason.NOT_SUPPORTED, "all ways of resetting are switched off")
        with state.change("sysfs") as change:
            reset(change, device)

    return write


def _put_methods(state: "State", tree: Tree, function: Function, owner: Device) -> None:
    # One that has the bus to itself can also be reset by the bridge above (pci_reset_bus_function).
    alone = owner.spec.parent is None and owner.spec.profile.pci.functions == 1
    every = ("flr", "bus") if alone else ("flr",)

    def show() -> str:
        text = str(owner["pci.attributes"].get(_METHODS, " ".join(every)))
        return f"{text}\n" if text else ""

    def choose(text: str) -> None:
        names = list(dict.fromkeys(stripped(text).split()))
        if names == ["default"]:
            names = list(every)
        if not set(names) <= set(every):
            raise Refused(Reason.INVALID, f"{owner.name} can be reset by {', '.join(every)}")
        with state.change("sysfs") as change:
            kept = {**owner["pci.attributes"], _METHODS: " ".join(names)}
            change.set(owner, "pci.attributes", kept)

    tree.file(f"{function.folder}/reset_method", show, write=choose)


def _put_slots(state: "State", tree: Tree) -> None:
    # The number that the port above has in its capability.
    numbers = {bridge.address: bridge.secondary for bridge in state.node.bridges}
    seen: set[str] = set()
    for device in state.devices(absent=True):
        spec = device.spec
        place = spec.address[:-2]
        # One slot per card, not per function; one that sits on the root's own bus has none.
        if spec.parent is not None or place in seen or not spec.bridges:
            continue
        seen.add(place)
        folder = f"{BUS}/slots/{numbers[spec.bridges[-1]]}"
        speed = spec.profile.pci.link_speed_gts
        tree.file(f"{folder}/address", f"{place}\n")
        tree.file(f"{folder}/max_bus_speed", f"{speed}\n")
        tree.file(f"{folder}/cur_bus_speed", f"{speed}\n")
        tree.file(f"{folder}/power", _power(device), write=_switcher(state, device))
        tree.file(f"{folder}/adapter", _adapter(device))


def _power(device: Device) -> Callable[[], str]:
    return lambda: f"{int(device[POWERED])}\n"


def _adapter(device: Device) -> Callable[[], str]:
    return lambda: f"{int(device.present or device[REMOVED] or not device[POWERED])}\n"


def _switcher(state: "State", device: Device) -> Callable[[str], None]:
    def write(text: str) -> None:
        on = flag(text)
        if on and not (device.present or device[REMOVED] or not device[POWERED]):
            raise Refused(Reason.LOST, "there is no card in the slot")
        with state.change("sysfs") as change:
            for one in state.devices(absent=True):
                if one.spec.parent is None and one.spec.address[:-2] == device.spec.address[:-2]:
                    switch(change, one, on=on)

    return write
