"""The hardware of this node, as the rest of the driver sees it: the only place that reads it."""

import logging
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from drawplate.driver.watching import changes
from drawplate.emulators import machine
from drawplate.emulators.problems import SetupProblem

_log = logging.getLogger(__name__)

_Signature = tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Gpu:
    """One GPU. `name` stays with the card: it never names another one, and moves with it."""

    name: str
    uuid: str
    product: str
    architecture: str
    memory_bytes: int
    pci_address: str
    pcie_root: str
    numa_node: int | None
    driver_version: str
    cuda_version: str
    node_path: str
    major: int
    minor: int


class Hardware:
    """The GPUs that are plugged in now, in the order of their device nodes."""

    def __init__(self, machine_file: str, node: str) -> None:
        """Read the hardware. Raises SetupProblem when it cannot be read."""
        self._node = node
        self._source = machine_file
        shipped = machine.shipped().get(machine_file)
        self._path = shipped or Path(machine_file)
        self._lock = threading.Lock()
        self._seen = self._signature()
        self._gpus = self._read()
        # Counted rather than compared: whoever asks may have missed a change there and back,
        # of which another thread has seen, and published, the middle.
        self._changes = self._told = 0

    def gpus(self) -> tuple[Gpu, ...]:
        """Give the GPUs of this moment; while the hardware cannot be read, the last known ones."""
        with self._lock:
            seen = self._signature()
            if seen != self._seen:
                self._seen = seen
                try:
                    self._note(self._read())
                except SetupProblem as problem:
                    _log.error("hardware cannot be read", extra={"problem": str(problem)})
            return self._gpus

    def find(self, name: str) -> Gpu | None:
        """Give the GPU of that name if it is plugged in."""
        return next((gpu for gpu in self.gpus() if gpu.name == name), None)

    def changed(self) -> bool:
        """Tell whether the GPUs are others than when this was asked last."""
        self.gpus()
        before, self._told = self._told, self._changes
        return self._told != before

    def changes(self, stop: threading.Event) -> Iterator[None]:
        """Yield whenever the hardware may have changed, until `stop` is set."""
        return changes(lambda: [self._path.parent], stop)

    def _note(self, gpus: tuple[Gpu, ...]) -> None:
        if gpus != self._gpus:
            self._gpus = gpus
            self._changes += 1

    def _read(self) -> tuple[Gpu, ...]:
        found = machine.load(self._source).gpus(self._node)
        return tuple(_describe(gpu) for gpu in sorted(found, key=lambda gpu: gpu.minor))

    def _signature(self) -> _Signature | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def _describe(gpu: machine.Gpu) -> Gpu:
    return Gpu(
        # A DNS label, as names of devices must be.
        name=gpu.uuid.lower(),
        uuid=gpu.uuid,
        product=gpu.profile.product,
        architecture=gpu.profile.architecture,
        memory_bytes=gpu.profile.memory_mib * 2**20,
        pci_address=gpu.address,
        pcie_root=gpu.pcie_root,
        numa_node=gpu.numa_node,
        driver_version=gpu.driver_version,
        cuda_version=gpu.runtime_version,
        node_path=f"{gpu.profile.node}{gpu.minor}",
        major=gpu.profile.major,
        minor=gpu.minor,
    )
