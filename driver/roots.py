"""Where the hardware's interfaces are: on a node they are /sys and /dev; a test has its own."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from drawplate.driver.device import DeviceNode


@dataclass(frozen=True, slots=True)
class Roots:
    """The folders of this node that show its hardware.

    `driver` holds the vendor's libraries and programs, as on the host itself `/` does; the host,
    and so the container runtime, knows it as `host_driver`. `inventory` is a file: it lists the
    network-attached devices, which no folder of the node shows.
    """

    driver: Path = Path("/")
    host_driver: Path = Path("/")
    sysfs: Path = Path("/sys")
    dev: Path = Path("/dev")
    inventory: Path = Path("/etc/drawplate/inventory.json")


@dataclass(frozen=True, slots=True)
class PciPlace:
    """Where a PCI device sits; what firmware does not tell is None."""

    pcie_root: str | None
    numa_node: int | None


def locate(roots: Roots, address: str) -> PciPlace:
    """Find where the device of an address ("0000:1b:00.0") sits. Raises OSError if it is gone."""
    folder = roots.sysfs / "bus" / "pci" / "devices" / address
    # ../../../devices/pci0000:17/0000:18:00.0/0000:1b:00.0: Linux' own device tree.
    parts = folder.readlink().parts
    root = next((part for part in parts if part.startswith("pci")), None)
    try:
        node = int((folder / "numa_node").read_text(encoding="ascii"))
    except (OSError, ValueError):
        node = -1
    # Linux Documentation/ABI/testing/sysfs-bus-pci: -1 when the platform does not tell.
    return PciPlace(root, node if node >= 0 else None)


def find_node(roots: Roots, name: str) -> DeviceNode | None:
    """Give the numbers of a device node that is there, by its path below /dev."""
    try:
        status = (roots.dev / name).stat()
    except OSError:
        return None
    if not stat.S_ISCHR(status.st_mode):
        return None
    return DeviceNode(f"/dev/{name}", os.major(status.st_rdev), os.minor(status.st_rdev))
