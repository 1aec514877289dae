"""What NVIDIA's driver tells of its GPUs beyond /sys."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pynvml

from drawplate.emulators.problems import SetupProblem

# nvml.h: NVML_DEVICE_ARCH_*.
_ARCHITECTURES = {
    2: "Kepler",
    3: "Maxwell",
    4: "Pascal",
    5: "Volta",
    6: "Turing",
    7: "Ampere",
    8: "Ada Lovelace",
    9: "Hopper",
    10: "Blackwell",
}
# nvml.h: NVML_NVLINK_DEVICE_TYPE_SWITCH.
_SWITCH = 2


@dataclass(frozen=True, slots=True)
class Told:
    """What NVML tells of one GPU."""

    product: str
    # Empty where NVML names one that is not known here.
    architecture: str
    memory_mib: int
    uuid: str
    serial: str
    # all-to-all, pairs or none.
    nvlink: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What NVML tells of a node: GPUs by address, and versions by their key in a machine file."""

    gpus: dict[str, Told]
    versions: dict[str, str]


def ask() -> Asked:
    """Ask the driver. Raises SetupProblem when its library cannot be loaded or does not answer."""
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as error:
        raise SetupProblem(
            f"NVIDIA's driver cannot be asked: {error}",
            where="libnvidia-ml.so.1",
            cure="leave --nvml out, or install the driver",
        ) from error
    try:
        cuda = int(pynvml.nvmlSystemGetCudaDriverVersion())
        versions = {
            "nvidia": str(pynvml.nvmlSystemGetDriverVersion()),
            "cuda": f"{cuda // 1000}.{cuda % 1000 // 10}",
        }
        handles = [
            pynvml.nvmlDeviceGetHandleByIndex(number)
            for number in range(pynvml.nvmlDeviceGetCount())
        ]
        return Asked({_address(handle): _told(handle) for handle in handles}, versions)
    finally:
        pynvml.nvmlShutdown()


def _address(handle: Any) -> str:
    # Domains have eight digits here and four in sysfs.
    return str(pynvml.nvmlDeviceGetPciInfo(handle).busId).lower()[-12:]


def _told(handle: Any) -> Told:
    arch = _or(lambda: pynvml.nvmlDeviceGetArchitecture(handle), 0)
    return Told(
        product=str(pynvml.nvmlDeviceGetName(handle)),
        architecture=_ARCHITECTURES.get(arch, ""),
        memory_mib=pynvml.nvmlDeviceGetMemoryInfo(handle).total >> 20,
        uuid=str(pynvml.nvmlDeviceGetUUID(handle)),
        serial=str(_or(lambda: pynvml.nvmlDeviceGetSerial(handle), "")),
        nvlink=_nvlink(handle),
    )


def _nvlink(handle: Any) -> str:
    if not _or(lambda: pynvml.nvmlDeviceGetNvLinkState(handle, 0), 0):
        return "none"
    other = _or(lambda: pynvml.nvmlDeviceGetNvLinkRemoteDeviceType(handle, 0), _SWITCH)
    return "all-to-all" if other == _SWITCH else "pairs"


def _or(ask_one: Callable[[], Any], otherwise: Any) -> Any:
    """Give what a question that not every model answers is answered with."""
    try:
        return ask_one()
    except pynvml.NVMLError:
        return otherwise
