"""How devices look in a ResourceSlice."""

from collections.abc import Iterable
from typing import Any

from drawplate.driver.attributes import quantity
from drawplate.driver.device import Device


def describe(devices: Iterable[Device]) -> list[dict[str, Any]]:
    """Give the devices of a pool, in the order of preference of the allocator."""
    return [_describe(device) for device in devices]


def _describe(device: Device) -> dict[str, Any]:
    described: dict[str, Any] = {
        "name": device.name,
        "attributes": {name: dict(value) for name, value in device.attributes.items()},
    }
    # The API server drops an empty one, which would look as if it did not know the field.
    if device.capacity:
        sizes = {name: {"value": quantity(size)} for name, size in device.capacity.items()}
        described["capacity"] = sizes
    return described
