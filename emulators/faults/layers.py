"""What faults lay over the values of a device, so that healing gives back the right ones.

Each value keeps what was there before the first fault, and the layers of all faults on it in their
order: the last `set` wins, `bits` and items of lists are joined. Taking one fault's layer away shows what the others
leave. When somebody else has changed the value in the meantime, that stays.
"""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from drawplate.emulators.faults import paths
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import NODE, Device
from drawplate.emulators.state.model import State

KEY = "faults.layers"

VERBS = ("set", "bits", "include")

# The layer over whether the device is there at all.
_PRESENT = "(present)"


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


def lay_presence(change: Change, device: Device, owner: str, *, present: bool) -> None:
    """Let a device be there or not, for as long as the fault lasts."""
    lay_over = Layer(owner, "set", present)
    everything = _read(change.state)
    held = everything.setdefault(device.name, {}).setdefault(_PRESENT, {"layers": []})
    if not held["layers"] or held["shown"] != device.present:
        held.update(base=device.present, layers=[])
    held["layers"].append(asdict(lay_over))
    _show(change, device, _PRESENT, held)
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
            if device is not None and _value(device, key) == held["shown"]:
                _show(change, device, key, held)
            if not left:
                del keys[key]
        if not keys:
            del everything[name]
    change.set(NODE, KEY, everything)


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
    return device.present if key == _PRESENT else paths.value_at(device, key)


def _show(change: Change, device: Device, key: str, held: dict[str, Any]) -> None:
    held["shown"] = fold(held["base"], [Layer(**layer) for layer in held["layers"]])
    if key != _PRESENT:
        change.set(device, *paths.replaced(device, key, lambda _: held["shown"]))
    elif held["shown"] != device.present:
        (change.plug if held["shown"] else change.unplug)(device)
