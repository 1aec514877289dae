"""How a GPU looks in a ResourceSlice: its name, attributes and capacity."""

import re
from collections.abc import Iterable
from typing import Any

from drawplate.driver.hardware import Gpu

# k8s.io/dynamic-resource-allocation v0.37 deviceattribute: names that all drivers share.
STANDARD = "resource.kubernetes.io/"

# resource.k8s.io/v1: the longest string and version attribute.
MAX_VALUE = 64

_SUFFIXES = ("Ei", "Pi", "Ti", "Gi", "Mi", "Ki")


def describe(gpus: Iterable[Gpu]) -> list[dict[str, Any]]:
    """Give the devices of a pool, in the order of preference of the allocator."""
    return [_device(gpu) for gpu in gpus]


def _device(gpu: Gpu) -> dict[str, Any]:
    attributes: dict[str, dict[str, Any]] = {
        "uuid": {"string": gpu.uuid},
        "productName": {"string": gpu.product[:MAX_VALUE]},
        "architecture": {"string": gpu.architecture[:MAX_VALUE]},
        "driverVersion": {"version": semantic_version(gpu.driver_version)},
        "cudaVersion": {"version": semantic_version(gpu.cuda_version)},
        f"{STANDARD}pciBusID": {"string": gpu.pci_address},
        f"{STANDARD}pcieRoot": {"string": gpu.pcie_root},
    }
    # A device without affinity must not have the attribute: -1 would match all others.
    if gpu.numa_node is not None:
        attributes[f"{STANDARD}numaNode"] = {"int": gpu.numa_node}
    capacity = {"memory": {"value": quantity(gpu.memory_bytes)}}
    return {"name": gpu.name, "attributes": attributes, "capacity": capacity}


def semantic_version(text: str) -> str:
    """Give a version as semver 2.0.0 wants it: `580.95.05` is `580.95.5`, `13.0` is `13.0.0`."""
    numbers = [int(number) for number in re.findall(r"\d+", text)[:3]]
    return ".".join(str(number) for number in [*numbers, 0, 0, 0][:3])


def quantity(size: int) -> str:
    """Give bytes as the API server writes them back, so that nothing seems to have changed."""
    for power, suffix in zip(range(6, 0, -1), _SUFFIXES, strict=True):
        if size and size % 1024**power == 0:
            return f"{size // 1024**power}{suffix}"
    return str(size)
