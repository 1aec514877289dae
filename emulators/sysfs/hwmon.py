"""A device's folder of sensors, and its number among those of this machine.

Names and units: Linux Documentation/ABI/testing/sysfs-class-hwmon.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State
    from drawplate.emulators.tree.model import Tree

_REAL = Path("/sys/class/hwmon")


class Sensors:
    """The folder `hwmon/hwmonN` of one device; files are put into it one by one."""

    def __init__(self, state: "State", tree: "Tree", device: str, gpu: "Device", name: str) -> None:
        """Make the folder below the path `device`; drivers give it their `name`."""
        number = number_of(state, gpu)
        self._tree = tree
        self.folder = f"{device}/hwmon/hwmon{number}"
        tree.file(f"{self.folder}/name", f"{name}\n")
        tree.file(f"{self.folder}/uevent", "", mode=0o644)
        tree.link(f"{self.folder}/device", device)
        tree.link(f"{self.folder}/subsystem", "/class/hwmon")
        tree.folder(f"{self.folder}/power")
        tree.link(f"/class/hwmon/hwmon{number}", self.folder)

    def put(
        self,
        name: str,
        value: "int | str | Callable[[], int]",
        write: "Callable[[str], None] | None" = None,
    ) -> None:
        """Put one file: a number or a text, or a function that gives it when it is read."""
        path = f"{self.folder}/{name}"
        if callable(value):
            self._tree.file(path, lambda: f"{value()}\n", write=write)
        else:
            self._tree.file(path, f"{value}\n", write=write)


def number_of(state: "State", gpu: "Device") -> int:
    """Give the N of a device's hwmonN: after those that the machine itself has."""
    real = [int(path.name.removeprefix("hwmon")) for path in _REAL.glob("hwmon[0-9]*")]
    gpus = state.devices("gpu", absent=True)
    return max(real, default=-1) + 1 + gpus.index(gpu)
