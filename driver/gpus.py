"""The family `gpu`: NVIDIA's GPUs, through NVML, /sys and /dev as any other driver reads them."""

import ctypes
import logging
import platform
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from drawplate.driver import mig
from drawplate.driver.attributes import string, version
from drawplate.driver.device import Attribute, Device, DeviceNode, Edits, Mount
from drawplate.driver.pci import place_attributes, watched
from drawplate.driver.roots import Roots, find_node
from drawplate.emulators.problems import SetupProblem

_log = logging.getLogger(__name__)

# Linux Documentation/admin-guide/devices.txt: 195 char, NVIDIA graphics devices.
MAJOR = 195

# What a process needs beside the GPU's own node, where the kernel driver made it.
CONTROL_NODES = ("nvidiactl", "nvidia-uvm", "nvidia-uvm-tools")

_LIBRARY = "libnvidia-ml.so.1"
_TRIPLET = f"{platform.machine()}-linux-gnu"
_FOLDERS = ("usr/lib64", f"usr/lib/{_TRIPLET}", "lib64", f"lib/{_TRIPLET}")

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


class Gpus:
    """Reads the GPUs of this node."""

    def __init__(self, roots: Roots) -> None:
        """Load the vendor's library. Raises SetupProblem when it is not there."""
        # Imported late: other families do not need it.
        import pynvml  # noqa: PLC0415

        self._nvml: Any = pynvml
        self._roots = roots
        self._lock = threading.Lock()
        self._library = _find_library(roots.driver.resolve())
        # By its path; NVML's binding then finds it by its name.
        ctypes.CDLL(str(self._library))
        self._begin()

    @property
    def watched(self) -> list[Path]:
        """The folders in which something changes when a GPU comes or goes."""
        return watched(self._roots)

    def read(self) -> tuple[Device, ...]:
        """Give the GPUs that work now, or their parts, in NVML's order. Raises SetupProblem."""
        with self._lock:
            try:
                # NVML looks for devices only when it is initialised for the first time.
                with suppress(self._nvml.NVMLError_Uninitialized):
                    self._nvml.nvmlShutdown()
                self._begin()
                return tuple(self._read())
            except self._nvml.NVMLError as error:
                raise self._problem(error) from None

    def is_there(self, device: Device) -> bool:
        """Tell whether the GPU can be handed out at this moment."""
        with self._lock:
            try:
                self._nvml.nvmlDeviceGetHandleByUUID(device.edits.identity)
            except self._nvml.NVMLError:
                return False
        return True

    def _begin(self) -> None:
        try:
            # A node whose last GPU went is still a node.
            self._nvml.nvmlInitWithFlags(self._nvml.NVML_INIT_FLAG_NO_GPUS)
        except self._nvml.NVMLError as error:
            raise self._problem(error) from None

    def _read(self) -> Iterator[Device]:
        nvml = self._nvml
        versions = {
            "driverVersion": version(nvml.nvmlSystemGetDriverVersion()),
            "cudaVersion": version(_cuda_version(nvml.nvmlSystemGetCudaDriverVersion())),
        }
        for index in range(nvml.nvmlDeviceGetCount()):
            try:
                yield from self._describe(nvml.nvmlDeviceGetHandleByIndex(index), versions)
            # One that fell off the bus must not hide the others.
            except (nvml.NVMLError, OSError) as error:
                _log.warning("a GPU cannot be used", extra={"index": index, "error": str(error)})

    def _describe(self, gpu: Any, versions: dict[str, Attribute]) -> list[Device]:
        """Give the GPU, or in MIG mode its parts; all, or none when one cannot be used."""
        nvml = self._nvml
        minor = nvml.nvmlDeviceGetMinorNumber(gpu)
        # NVML writes the domain with eight digits, the kernel with four.
        address = nvml.nvmlDeviceGetPciInfo(gpu).busId[-12:].lower()
        architecture = nvml.nvmlDeviceGetArchitecture(gpu)
        common: dict[str, Attribute] = {
            "productName": string(nvml.nvmlDeviceGetName(gpu)),
            "architecture": string(_ARCHITECTURES.get(architecture, str(architecture))),
            **versions,
            **place_attributes(self._roots, address),
        }
        nodes = [DeviceNode(f"/dev/nvidia{minor}", MAJOR, minor)]
        nodes += filter(None, (find_node(self._roots, name) for name in CONTROL_NODES))
        if not mig.is_partitioned(nvml, gpu):
            return [self._device(gpu, common, f"GPU_DEVICE_{minor}", nodes)]
        common["parentUUID"] = string(nvml.nvmlDeviceGetUUID(gpu))
        return [self._part(part, common, minor, nodes) for part in mig.parts(nvml, gpu)]

    def _part(
        self, part: Any, common: dict[str, Attribute], minor: int, nodes: list[DeviceNode]
    ) -> Device:
        gi, ci = mig.numbers(self._nvml, part)
        attributes = {**common, "profile": string(mig.profile(self._nvml, part))}
        own = mig.access_nodes(self._roots, minor, (gi, ci))
        return self._device(part, attributes, f"GPU_DEVICE_{minor}_MIG_{gi}_{ci}", nodes + own)

    def _device(
        self, handle: Any, common: dict[str, Attribute], variable: str, nodes: list[DeviceNode]
    ) -> Device:
        uuid = self._nvml.nvmlDeviceGetUUID(handle)
        return Device(
            # A DNS label, as names of devices must be.
            name=uuid.lower(),
            attributes={"uuid": string(uuid), **common},
            capacity={"memory": self._nvml.nvmlDeviceGetMemoryInfo(handle).total},
            edits=Edits(variable, uuid, nodes=tuple(nodes), mounts=tuple(self._mounts())),
        )

    def _mounts(self) -> Iterator[Mount]:
        folder = f"/usr/lib/{_TRIPLET}"
        # By its full name, since vendors' tools tell the version by it, and by that of its users.
        whole = self._library.resolve()
        for name in (whole.name, _LIBRARY):
            yield Mount(self._on_host(whole), f"{folder}/{name}")
        tool = self._roots.driver.resolve() / "usr/bin/nvidia-smi"
        if tool.is_file():
            yield Mount(self._on_host(tool), "/usr/bin/nvidia-smi")

    def _on_host(self, path: Path) -> str:
        return str(self._roots.host_driver / path.relative_to(self._roots.driver.resolve()))

    def _problem(self, error: Exception) -> SetupProblem:
        return SetupProblem(
            f"NVML cannot be used: {error}",
            where=str(self._library),
            cure="see that the kernel driver is loaded and that its version is the library's",
        )


def _find_library(root: Path) -> Path:
    for folder in _FOLDERS:
        library = root / folder / _LIBRARY
        if library.exists():
            return library
    raise SetupProblem(
        f"there is no {_LIBRARY}",
        where=", ".join(str(root / folder) for folder in _FOLDERS),
        cure="give the root of the installed GPU driver with --driver-root",
    )


def _cuda_version(number: int) -> str:
    # nvml.h: 1000 * major + 10 * minor.
    return f"{number // 1000}.{number % 1000 // 10}"
