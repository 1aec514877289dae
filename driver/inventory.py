"""How devices look in a ResourceSlice."""

from collections.abc import Iterable
from typing import Any

from drawplate.driver.attributes import quantity
from drawplate.driver.device import Device


def describe(devices: Iterable[Device]) -> list[dict[str, Any]]:
    """Give the devices of a pool, in the order of preference of the allocator."""
    return [
        {
            "name": device.name,
            "attributes": {name: dict(value) for name, value in device.attributes.items()},
            "capacity": {name: {"value": quantity(it)} for name, it in device.capacity.items()},
        }
        for device in devices
    ]
