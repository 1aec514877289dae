"""What faults lay over the values of a device, so that healing gives back the right ones.

Each value keeps what was there before the first fault, and the layers of all faults on it in their
order: the last `set` wins, `bits` and items of lists are joined. Taking one fault's layer away
shows what the others leave. When somebody else has changed the value in the meantime, that stays.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from drawplate.emulators.faults import paths
from drawplate.emulators.refusals import Refused
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import NODE, Device
from drawplate.emulators.state.model import State

KEY = "faults.layers"

VERBS = ("set", "bits", "include")

# The key of whether the device is there at all.
PRESENT = "(present)"


@dataclass(frozen=True, slots=True)
class Layer:
    """One fault's hold on one value; `verb` is `set`, `bits` or `include`."""

    owner: str
    verb: str
    value: Any


def fold(base: Any, layers: Sequence[Layer]) -> Any:
    """Give the value that `base` has under the layers."""
    shown = base
    for layer in layers:
        match layer.verb:
            case "bits":
                shown = shown | layer.value
            case "include":
                shown = shown if layer.value in shown else [*shown, layer.value]
            case _:
                shown = layer.value
    return shown


def lay(change: Change, device: Device, key: str, layer: Layer) -> None:
    """Lay a value over a property. Raises Refused when the property does not take it."""
    everything = _read(change.state)
    held = everything.setdefault(device.name, {}).setdefault(key, {"layers": []})
    now = _value(device, key)
    if not held["layers"] or held["shown"] != now:
        held.update(base=now, layers=[])
    held["layers"].append(asdict(layer))
    _show(change, device, key, held)
    change.set(NODE, KEY, everything)


def lift(change: Change, owner: str) -> None:
    """Take every layer of `owner` away, and show what is beneath."""
    everything = _read(change.state)
    for name, keys in list(everything.items()):
        device = change.state.all_devices.get(name) or _node_or_none(change.state, name)
        for key, held in list(keys.items()):
            left = [layer for layer in held["layers"] if layer["owner"] != owner]
            if len(left) == len(held["layers"]):
                continue
            held["layers"] = left
            if device is not None and _is_shown(device, key, held):
                _show(change, device, key, held)
            if not left:
                del keys[key]
        if not keys:
            del everything[name]
    change.set(NODE, KEY, everything)


def restore(change: Change) -> None:
    """Show again what a restart lost: the journal leaves out values that follow time."""
    for name, keys in change.state.device(NODE)[KEY].items():
        device = change.state.all_devices.get(name)
        for key, held in keys.items() if device else ():
            known = device.properties.get(key.partition("#")[0]) if device else None
            if device and known and known.quiet:
                _write(change, device, key, held["shown"])


def held_keys(state: State, device: str) -> Mapping[str, Any]:
    """Give the keys of a device that faults hold: what follows time by itself leaves them alone."""
    held: Mapping[str, Any] = state.device(NODE)[KEY].get(device, {})
    return held


def _read(state: State) -> dict[str, Any]:
    everything: dict[str, Any] = copy.deepcopy(state.device(NODE)[KEY])
    return everything


def _node_or_none(state: State, name: str) -> Device | None:
    return state.device(NODE) if name == NODE else None


def _value(device: Device, key: str) -> Any:
    return device.present if key == PRESENT else paths.value_at(device, key)


def _is_shown(device: Device, key: str, held: dict[str, Any]) -> bool:
    try:
        return bool(_value(device, key) == held["shown"])
    except Refused:
        # The part of a value that it was laid over is there no more.
        return False


def _show(change: Change, device: Device, key: str, held: dict[str, Any]) -> None:
    held["shown"] = fold(held["base"], [Layer(**layer) for layer in held["layers"]])
    if key != PRESENT:
        _write(change, device, key, held["shown"])
    elif held["shown"] != device.present:
        (change.plug if held["shown"] else change.unplug)(device)


def _write(change: Change, device: Device, key: str, value: Any) -> None:
    change.set(device, *paths.replaced(device, key, value))
