"""The family `fabric`: accelerators that are reached over a network, so no node is theirs."""

from collections.abc import Sequence
from pathlib import Path

from drawplate.driver import fabric_file
from drawplate.driver.device import Device
from drawplate.emulators.problems import SetupProblem

# The name of the family.
NETWORK_ATTACHED = "fabric"


class Fabric:
    """Reads the devices of all pools of an inventory file, the same on whichever node."""

    def __init__(self, inventory: Path) -> None:
        """Take the file of that path; it may be replaced at any time."""
        self._inventory = inventory

    @property
    def watched(self) -> Sequence[Path]:
        """The folder of the file: a ConfigMap's files change by a link in it that is swapped."""
        return [self._inventory.parent]

    def read(self) -> tuple[Device, ...]:
        """Give the devices of all pools. Raises SetupProblem when the file is not right."""
        pools = fabric_file.read(self._inventory)
        return tuple(device for pool in pools for device in pool.devices)

    def is_there(self, device: Device) -> bool:
        """Tell whether the file has the device at this moment; a broken one takes none away."""
        try:
            return device in self.read()
        except SetupProblem:
            return True
