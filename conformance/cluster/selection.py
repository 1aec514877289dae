"""Selecting one published device by its attributes."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from drawplate.conformance.problems import Inconclusive


@dataclass(frozen=True, slots=True)
class RareDevice:
    """A device of a pool, and a CEL expression that is true for no other."""

    selector: str
    pool: str
    device: str


def rare_device(content: Mapping[str, Any], driver: str) -> RareDevice:
    """Find a device with an attribute value that no other device has, the last if there are more.

    The last, because an allocator that ignores the selector takes the first. `content` is that
    of SliceView. Raises Inconclusive when there is none.
    """
    owners: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for pool, held in content.items():
        for name, device in held["devices"].items():
            for expression in _expressions(device.get("attributes") or {}, driver):
                owners[expression].append((pool, name))
    rare = [
        RareDevice(expression, *devices[0])
        for expression, devices in owners.items()
        if len(devices) == 1
    ]
    if not rare:
        raise Inconclusive("no published attribute tells one device from all others")
    return rare[-1]


def _expressions(attributes: Mapping[str, Mapping[str, Any]], driver: str) -> Iterator[str]:
    for qualified, typed in attributes.items():
        domain, _, name = qualified.rpartition("/")
        place = f"device.attributes[{json.dumps(domain or driver)}].{name}"
        for kind, value in typed.items():
            # Versions and lists have operators of their own; these three are enough to find one.
            if kind in {"string", "int", "bool"}:
                yield f"{place} == {json.dumps(value)}"
