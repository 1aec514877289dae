"""Does what the catalogue says that a fault does, in one change."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from drawplate.emulators.faults import layers, paths
from drawplate.emulators.faults.entries import Call, Effect
from drawplate.emulators.state.change import CallRule, Change
from drawplate.emulators.state.device import NODE, Device

_NAME = re.compile(r"\{(\w+)\}")


def names(device: Device, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Give what texts of the catalogue may name in braces, for a fault on `device`."""
    if device.name == NODE:
        return {"name": NODE, **parameters}
    spec = device.spec
    return {
        "name": spec.name,
        "index": spec.index,
        "address": spec.address,
        # Kernel lines name the bus and slot, without the function.
        "slot": spec.address.partition(".")[0],
        "uuid": spec.uuid,
        "serial": spec.serial,
        "netdev": spec.options.get("netdev", spec.name),
        **parameters,
    }


def fill(value: Any, known: Mapping[str, Any]) -> Any:
    """Put what is known in the place of every name in braces; KeyError for an unknown one."""
    if isinstance(value, str):
        whole = _NAME.fullmatch(value)
        if whole:
            return known[whole[1]]
        return _NAME.sub(lambda found: str(known[found[1]]), value)
    if isinstance(value, Mapping):
        return {fill(key, known): fill(each, known) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [fill(each, known) for each in value]
    return value


def perform(
    change: Change, effects: Iterable[Effect], device: Device, owner: str, known: Mapping[str, Any]
) -> bool:
    """Do the effects for the fault `owner`; tell whether there is anything to heal.

    Raises Refused when the hardware cannot have one of them.
    """
    lasting = False
    for effect in effects:
        if not effect.kinds or (device.name != NODE and device.spec.kind in effect.kinds):
            lasting |= _perform(change, effect, device, owner, known)
    return lasting


def _perform(
    change: Change, effect: Effect, device: Device, owner: str, known: Mapping[str, Any]
) -> bool:
    for verb in layers.VERBS:
        _lay(change, device, owner, verb, fill(getattr(effect, verb) or {}, known))
    for key, more in fill(effect.add or {}, known).items():
        change.set(device, *paths.added(device, key, more))
    if effect.plug is not None:
        layer = layers.Layer(owner, "set", effect.plug)
        layers.lay(change, device, layers.PRESENT, layer)
    if effect.call is not None:
        change.add_rule(_rule(effect.call, device, owner, known))
    if effect.emit is not None:
        name = None if device.name == NODE else device.name
        for _ in range(fill(effect.times, known)):
            change.emit(effect.emit, name, **fill(effect.data, known))
    return effect.add is None and effect.emit is None


def _lay(change: Change, device: Device, owner: str, verb: str, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        layers.lay(change, device, key, layers.Layer(owner, verb, value))


def _rule(call: Call, device: Device, owner: str, known: Mapping[str, Any]) -> CallRule:
    count, result = fill(call.count, known), fill(call.result, known)
    return CallRule(
        owner=owner,
        surface=fill(call.surface, known),
        call=fill(call.call, known),
        device=None if device.name == NODE else device.name,
        # `slow` is the word for the truth that takes long.
        result=None if result in {"", "slow"} else result,
        delay_ms=fill(call.delay_ms, known),
        after=fill(call.after, known),
        # Without a limit is 0 in commands.
        count=count or None,
    )
