"""Slices, classes and claims as dicts, for tests of the scheduler's parts."""

from collections.abc import Iterable, Mapping
from typing import Any

DRIVER = "scripted.example"
NODE = "node-1"
Object = dict[str, Any]


def slice_of(
    *devices: str | Object,
    name: str = "slice-a",
    pool: str = "pool-a",
    generation: int = 1,
    count: int = 1,
    **spec: Any,
) -> Object:
    """Give a slice of one node; a device is a name or an entry."""
    entries = [{"name": one} if isinstance(one, str) else one for one in devices]
    where = (
        {}
        if set(spec) & {"allNodes", "nodeSelector", "perDeviceNodeSelection"}
        else {"nodeName": NODE}
    )
    return {
        "metadata": {"name": name},
        "spec": {
            "driver": DRIVER,
            "pool": {"name": pool, "generation": generation, "resourceSliceCount": count},
            "devices": entries,
        }
        | where
        | spec,
    }


def gpu(name: str, model: str = "a", **more: Any) -> Object:
    """Give a device entry with a model and an index."""
    return {"name": name, "attributes": {"model": {"string": model}}} | more


def device_class(name: str = "gpu", **spec: Any) -> Object:
    """Give a DeviceClass without selectors."""
    return {"metadata": {"name": name}, "spec": spec}


def exactly(name: str = "gpu", **spec: Any) -> Object:
    """Give a request for devices of the class `gpu`."""
    return {"name": name, "exactly": {"deviceClassName": "gpu"} | spec}


def claim(*requests: Object, **devices: Any) -> Object:
    """Give a claim with requests, and config or constraints."""
    asked = list(requests) or [exactly()]
    return {
        "metadata": {"name": "claim", "namespace": "ns", "uid": "uid-1"},
        "spec": {"devices": {"requests": asked} | devices},
    }


def allocated(*results: Mapping[str, Any]) -> Object:
    """Give a claim that has results."""
    whole = [{"request": "gpu", "driver": DRIVER, "pool": "pool-a"} | dict(r) for r in results]
    return claim() | {"status": {"allocation": {"devices": {"results": whole}}}}


def names(devices: Iterable[Any]) -> list[str]:
    """Give the names of devices or picks."""
    return [getattr(one, "device", one).name for one in devices]
