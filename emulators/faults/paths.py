"""Keys that go on into the JSON of a property: `nvlink.errors#3.replay`."""

import copy
from typing import Any

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.device import Device


def value_at(device: Device, key: str) -> Any:
    """Give the value that a key means. Raises Refused(NOT_FOUND)."""
    name, sign, path = key.partition("#")
    return _walk(device[name], path.split("."), key) if sign else device[name]


def replaced(device: Device, key: str, new: Any) -> tuple[str, Any]:
    """Give the property of `key`, and its value with `new` in the place that is meant."""
    name, sign, path = key.partition("#")
    if not sign:
        return name, new
    whole = copy.deepcopy(device[name])
    *way, last = path.split(".")
    holder = _walk(whole, way, key)
    holder[_index(holder, last, key)] = new
    return name, whole


def added(device: Device, key: str, more: Any) -> tuple[str, Any]:
    """Give the property of `key`, and its value with `more` added; a part that is missing is 0."""
    name, sign, path = key.partition("#")
    if not sign:
        return name, device[name] + more
    whole = holder = copy.deepcopy(device[name]) or {}
    *way, last = path.split(".")
    for step in way:
        holder = holder[int(step)] if isinstance(holder, list) else holder.setdefault(step, {})
    if isinstance(holder, list):
        holder[int(last)] += more
    else:
        holder[last] = holder.get(last, 0) + more
    return name, whole


def _walk(value: Any, steps: list[str], key: str) -> Any:
    for step in steps:
        value = value[_index(value, step, key)]
    return value


def _index(holder: Any, step: str, key: str) -> Any:
    if isinstance(holder, list) and step.isdigit() and int(step) < len(holder):
        return int(step)
    if isinstance(holder, dict) and step in holder:
        return step
    raise Refused(Reason.NOT_FOUND, f"there is no {step!r} on the way to {key}")
