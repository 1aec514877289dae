"""What commands and scenarios do to devices: let a fault happen, heal it, set, plug, unplug."""

import time
from collections.abc import Mapping
from typing import Any

from drawplate.emulators.faults import layers, records
from drawplate.emulators.faults.effects import names, perform
from drawplate.emulators.faults.entries import Effect, Fault, catalogue
from drawplate.emulators.refusals import Refused
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import NODE, Device


def kind_of(device: Device) -> str:
    """Give the kind of a device; the node's is `node`."""
    return NODE if device.name == NODE else device.spec.kind


def act(change: Change, action: Mapping[str, Any]) -> None:
    """Do what a scenario's step or a waiting command says. Raises Refused."""
    device = action["device"]
    match action["verb"]:
        case "fault":
            inflict(
                change, device, action["fault"], action["parameters"], lasts=action.get("lasts")
            )
        case "heal":
            heal(change, device, action.get("fault"))
            cancel(change, device, action.get("fault"), begun_only=True)
        case "set":
            change.update(device, action["values"])
        case "plug":
            change.plug(device)
        case _:
            change.unplug(device)


def inflict(
    change: Change,
    device: str,
    fault: str,
    parameters: Mapping[str, Any],
    *,
    lasts: float | None = None,
) -> str:
    """Let a fault of the catalogue happen now; give its id.

    A fault that only tells of something, such as an application's XID, is over at once.
    """
    state = change.state
    target = state.device(device)
    entry = catalogue()[fault]
    owner = records.next_id(change)
    known = _names(entry, target, parameters)
    try:
        lasting = perform(change, _effects(entry, parameters), target, owner, known)
    except Refused:
        # Whoever called may go on with the change.
        _undo(change, owner)
        raise
    if lasting:
        until = None if lasts is None else state.clock.now() + lasts
        record = records.Active(owner, fault, device, dict(parameters), time.time(), until)
        records.put_active(change, (*records.active(state), record))
    change.emit("fault", _device_name(target), id=owner, fault=fault, parameters=dict(parameters))
    return owner


def heal(change: Change, device: str | None = None, fault: str | None = None) -> list[str]:
    """End the active faults of a device, or of all; of one name or id, or all. Give their ids."""
    state = change.state
    if device is not None:
        state.device(device)
    ended = [
        one
        for one in records.active(state)
        if device in {None, one.device} and fault in {None, one.fault, one.id}
    ]
    for one in ended:
        _end(change, one)
    return [one.id for one in ended]


def cancel(change: Change, device: str | None, fault: str | None, *, begun_only: bool) -> list[str]:
    """Forget waiting commands on a device; with `begun_only`, only those that repeat."""
    gone = [
        one
        for one in records.pending(change.state)
        if one.action["verb"] == "fault" or not begun_only
        if device in {None, one.action["device"]}
        and fault in {None, one.id, one.action.get("fault")}
        and (one.begun or not begun_only)
    ]
    for one in gone:
        change.remove_rules(one.id)
    if gone:
        left = tuple(one for one in records.pending(change.state) if one not in gone)
        records.put_pending(change, left)
    return [one.id for one in gone]


def end_if_told(change: Change) -> None:
    """Heal what the events of this change end, such as a reset or a reload of the driver."""
    told = {(name, device) for name, device, _ in change.emitted}
    told |= {(f"node:{name}", None) for name, _ in told}
    if told:
        for one in records.active(change.state):
            ends = catalogue()[one.fault].ends_with if one.fault in catalogue() else ()
            if any((name, one.device) in told or (name, None) in told for name in ends):
                _end(change, one)


def _effects(entry: Fault, parameters: Mapping[str, Any]) -> tuple[Effect, ...]:
    case = entry.case(parameters)
    return (*entry.effects, *(case.effects if case else ()))


def _names(entry: Fault, device: Device, parameters: Mapping[str, Any]) -> dict[str, Any]:
    case = entry.case(parameters)
    return names(device, {"reason": case.about if case else "", **parameters})


def _end(change: Change, one: records.Active) -> None:
    left = tuple(other for other in records.active(change.state) if other.id != one.id)
    records.put_active(change, left)
    _undo(change, one.id)
    entry = catalogue().get(one.fault)
    known_device = one.device in {NODE, *change.state.all_devices}
    if entry is not None and known_device:
        target = change.state.device(one.device)
        known = _names(entry, target, one.parameters)
        perform(change, entry.healing, target, one.id, known)
    device = None if one.device == NODE else one.device
    change.emit("heal", device, id=one.id, fault=one.fault)


def _device_name(device: Device) -> str | None:
    return None if device.name == NODE else device.name


def _undo(change: Change, owner: str) -> None:
    layers.lift(change, owner)
    change.remove_rules(owner)
