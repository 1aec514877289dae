"""What the pages tell of the node: versions of the driver, which devices, in which order."""

from pathlib import Path

from drawplate.emulators.nvml import pages_layout
from drawplate.emulators.nvml.rendering.processes import namespace_of
from drawplate.emulators.nvml.table import branch_of
from drawplate.emulators.state.device import NODE, Device
from drawplate.emulators.state.model import State

NVIDIA_GPU = "nvidia-gpu"
# nvmlReturn_t of nvml.h.
_DRIVER_NOT_LOADED = 9
# The number before the driver's version in that of NVML: CUDA's major version.
_CUDA_OF_BRANCH = ((580, 13), (525, 12), (450, 11), (0, 10))


def records(state: State) -> list[Device]:
    """Give the devices in the order of their records: it never changes, whoever is plugged in."""
    return state.devices(kind=NVIDIA_GPU, absent=True)


def driver_version(state: State) -> str:
    """Give the version of the NVIDIA driver."""
    return str(state.device(NODE)["driver.version"] or state.node.machine.driver.get("nvidia", ""))


def cuda_version(state: State) -> int:
    """Give the CUDA version that the driver supports as NVML does: 13000 for 13.0."""
    text = state.device(NODE)["driver.cuda"] or state.node.machine.driver.get("cuda", "")
    major, _, minor = str(text or _cuda_major(driver_version(state))).partition(".")
    return int(major) * 1000 + int(minor.split(".")[0] or 0) * 10 if major.isdigit() else 0


def node_record(state: State, folder: Path) -> bytearray:
    """Give the bytes of the record `node`."""
    layouts, node = pages_layout.layouts(), state.device(NODE)
    version = driver_version(state)
    every = records(state)
    present = sorted((one for one in every if one.present), key=lambda one: one.spec.address)
    values = {
        "driver_version": version,
        "driver_branch": f"r{version.rsplit('.', 1)[0].replace('.', '_')}",
        "nvml_version": f"{_cuda_major(version)}.{version}",
        "folder": str(folder),
        "cuda": cuda_version(state),
        "init_result": node["driver.init_result"] if node["driver.loaded"] else _DRIVER_NOT_LOADED,
        "init_delay_us": node["driver.init_delay"] * 1000,
        "count": len(present),
        "order": [every.index(one) for one in present],
        "namespace": namespace_of("self"),
    }
    record = layouts["node"]
    buffer = bytearray(record.size)
    for name, value in values.items():
        layouts.put(buffer, 0, record.member(name), value)
    return buffer


def _cuda_major(version: str) -> int:
    branch = branch_of(version)
    return next(major for first, major in _CUDA_OF_BRANCH if branch >= first)
