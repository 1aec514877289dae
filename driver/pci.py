"""PCI functions as /sys shows them: what they are, where they sit, who drives them."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from drawplate.driver.attributes import STANDARD, integer, string
from drawplate.driver.device import Attribute
from drawplate.driver.roots import Roots, locate


@dataclass(frozen=True, slots=True)
class Function:
    """One function. The numbers are those of its configuration space."""

    folder: Path
    address: str
    vendor: int
    device: int
    base_class: int

    @property
    def driver(self) -> str:
        """The kernel driver that is bound to it, "" for none."""
        try:
            return (self.folder / "driver").readlink().name
        except OSError:
            return ""

    @property
    def label(self) -> str:
        """The address as part of a DNS label: `0000-1b-00-0`."""
        return self.address.replace(":", "-").replace(".", "-")

    def text(self, name: str) -> str:
        """Give what a file of it says, "" if it has none or it cannot be read."""
        try:
            return (self.folder / name).read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return ""

    def number(self, name: str) -> int | None:
        """Give the whole number that a file of it says, None if it says none."""
        try:
            return int(self.text(name))
        except ValueError:
            return None

    def entries(self, name: str) -> list[str]:
        """Give what is in a folder of it."""
        try:
            return sorted(entry.name for entry in (self.folder / name).iterdir())
        except OSError:
            return []


def watched(roots: Roots) -> list[Path]:
    """Give the folders in which something changes when a function comes or goes."""
    return [roots.sysfs / "bus" / "pci" / "devices"]


def functions(roots: Roots) -> Iterator[Function]:
    """Give all functions, in the order of their addresses. Raises OSError without a PCI bus."""
    for folder in sorted((roots.sysfs / "bus" / "pci" / "devices").iterdir()):
        try:
            numbers = [int((folder / name).read_text("ascii"), 16) for name in _NUMBERS]
        # One that is being removed, or broken, must not hide the others.
        except (OSError, ValueError):
            continue
        yield Function(folder, folder.name, numbers[0], numbers[1], numbers[2] >> 16)


def place_attributes(roots: Roots, address: str) -> dict[str, Attribute]:
    """Give where a function sits, by the names that all drivers share. Raises OSError."""
    place = locate(roots, address)
    found: dict[str, Attribute] = {f"{STANDARD}pciBusID": string(address)}
    if place.pcie_root:
        found[f"{STANDARD}pcieRoot"] = string(place.pcie_root)
    # A device without affinity must not have the attribute: -1 would match all others.
    if place.numa_node is not None:
        found[f"{STANDARD}numaNode"] = integer(place.numa_node)
    return found


_NUMBERS = ("vendor", "device", "class")
