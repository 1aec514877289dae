"""The devices of this node at this moment, and when they change."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from drawplate.driver.device import Device
from drawplate.driver.fabric import NETWORK_ATTACHED, Fabric
from drawplate.driver.gpus import Gpus
from drawplate.driver.nics import Nics
from drawplate.driver.roots import Roots
from drawplate.driver.tpus import Tpus
from drawplate.driver.uevents import uevents
from drawplate.driver.watching import changes
from drawplate.emulators.problems import SetupProblem

_log = logging.getLogger(__name__)


class Family(Protocol):
    """One kind of hardware, and how it is read."""

    @property
    def watched(self) -> Sequence[Path]:
        """Folders in which something changes when a device comes or goes."""

    def read(self) -> tuple[Device, ...]:
        """Give the devices that work now. Raises SetupProblem when it cannot be known."""

    def is_there(self, device: Device) -> bool:
        """Tell whether a device that was read can be handed out at this moment."""


# Each is given the roots, and the folder of what the driver keeps over restarts.
FAMILIES: dict[str, Callable[[Roots, Path], Family]] = {
    NETWORK_ATTACHED: lambda roots, _: Fabric(roots.inventory),
    "gpu": lambda roots, _: Gpus(roots),
    "nic": lambda roots, state: Nics(roots, state / "interfaces.json"),
    "tpu": lambda roots, _: Tpus(roots),
}


class Hardware:
    """The devices of one family that work now."""

    def __init__(self, family: Family) -> None:
        """Read the hardware. Raises SetupProblem when it cannot be read."""
        self._family = family
        self._lock = threading.Lock()
        self._devices = family.read()
        # Counted rather than compared: whoever asks may have missed a change there and back,
        # of which another thread has seen, and published, the middle.
        self._changes = self._told = 0

    def devices(self) -> tuple[Device, ...]:
        """Give the devices of this moment; while they cannot be read, the last known ones."""
        with self._lock:
            try:
                found = self._family.read()
            except SetupProblem as problem:
                _log.error("hardware cannot be read", extra={"problem": str(problem)})
                return self._devices
            if found != self._devices:
                self._devices = found
                self._changes += 1
            return self._devices

    def find(self, name: str) -> Device | None:
        """Give the device of that name if it works now."""
        with self._lock:
            found = next((one for one in self._devices if one.name == name), None)
        if found and self._family.is_there(found):
            return found
        # It may have come, or come back, since the hardware was read.
        return next((one for one in self.devices() if one.name == name), None)

    def changed(self) -> bool:
        """Tell whether the devices are others than when this was asked last."""
        self.devices()
        before, self._told = self._told, self._changes
        return self._told != before

    def changes(self, stop: threading.Event) -> Iterator[None]:
        """Yield whenever the hardware may have changed, until `stop` is set."""
        woken = threading.Event()

        def follow(source: Iterator[None]) -> None:
            for _ in source:
                woken.set()
            # The other source may have ended because of `stop`.
            woken.set()

        sources = (uevents(stop), changes(lambda: list(self._family.watched), stop))
        for source in sources:
            threading.Thread(target=follow, args=(source,), name="changes", daemon=True).start()
        while not stop.is_set():
            woken.wait()
            woken.clear()
            if not stop.is_set():
                yield
