"""MIG devices: the parts of a GPU that are handed out in place of the whole one."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from drawplate.driver.device import DeviceNode
from drawplate.driver.roots import Roots, find_node

# Which device node proves that a program may use an instance (nv-caps.c of the open modules).
_CAPABILITIES = Path("proc/driver/nvidia/capabilities")


def is_partitioned(nvml: Any, gpu: Any) -> bool:
    """Tell whether the GPU is in MIG mode now. Raises NVMLError."""
    try:
        current, _ = nvml.nvmlDeviceGetMigMode(gpu)
    except nvml.NVMLError_NotSupported:
        return False
    return bool(current == nvml.NVML_DEVICE_MIG_ENABLE)


def parts(nvml: Any, gpu: Any) -> Iterator[Any]:
    """Give the handles of the GPU's MIG devices. Raises NVMLError."""
    for index in range(nvml.nvmlDeviceGetMaxMigDeviceCount(gpu)):
        try:
            yield nvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, index)
        # Places without a device lie between those with one.
        except nvml.NVMLError_NotFound:
            continue


def profile(nvml: Any, part: Any) -> str:
    """Give what the part is called, `1g.10gb`: the end of its name. Raises NVMLError."""
    return str(nvml.nvmlDeviceGetName(part)).rpartition("MIG ")[2]


def numbers(nvml: Any, part: Any) -> tuple[int, int]:
    """Give the numbers of its GPU instance and of its compute instance. Raises NVMLError."""
    return nvml.nvmlDeviceGetGpuInstanceId(part), nvml.nvmlDeviceGetComputeInstanceId(part)


def access_nodes(roots: Roots, minor: int, instances: tuple[int, int]) -> list[DeviceNode]:
    """Give the nodes that let a program use an instance of the GPU with that minor.

    Raises OSError when the driver does not show them.
    """
    gi, ci = instances
    folder = Path(f"gpu{minor}") / "mig" / f"gi{gi}"
    return [
        _node(roots, folder / "access"),
        _node(roots, folder / f"ci{ci}" / "access"),
    ]


def _node(roots: Roots, capability: Path) -> DeviceNode:
    # A driver that lives in a folder shows its /proc there; else it is this machine's.
    places = [root / _CAPABILITIES / capability for root in (roots.driver, Path("/"))]
    file = next((path for path in places if path.exists()), places[-1])
    found = re.search(r"^DeviceFileMinor: (\d+)$", file.read_text("ascii"), re.MULTILINE)
    node = find_node(roots, f"nvidia-caps/nvidia-cap{found[1]}") if found else None
    if node is None:
        raise FileNotFoundError(f"there is no device node for {file}")
    return node
