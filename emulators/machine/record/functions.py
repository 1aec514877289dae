"""Reading PCI functions from /sys: Linux Documentation/ABI/testing/sysfs-bus-pci."""

import re
from dataclasses import dataclass
from pathlib import Path

from drawplate.emulators.problems import SetupProblem

_ADDRESS = re.compile(r"[0-9a-f]{4}:[0-9a-f]{2}:[01][0-9a-f]\.[0-7]")
# Kernels before 5.5 leave out `PCIe`.
_SPEED = re.compile(r"[0-9.]+ GT/s")
_RESOURCES = 6


@dataclass(frozen=True, slots=True)
class Function:
    """One PCI function as this node shows it."""

    address: str
    folder: Path
    # The root, and the addresses of the bridges between it and the function.
    root: str
    bridges: tuple[str, ...]

    def text(self, file: str) -> str:
        """Give the text of a file, stripped; nothing where there is none or it cannot be read."""
        return text_of(self.folder / file)

    def number(self, file: str, default: int = 0) -> int:
        """Give a number, decimal or hexadecimal."""
        try:
            return int(self.text(file), 0)
        except ValueError:
            return default

    def hexes(self, file: str, digits: int = 4) -> str:
        """Give an id without its `0x`."""
        return f"{self.number(file):0{digits}x}"

    @property
    def vendor_device(self) -> str:
        """The two ids, `10de:2330`."""
        return f"{self.hexes('vendor')}:{self.hexes('device')}"

    @property
    def driver(self) -> str:
        """The driver that is bound."""
        link = self.folder / "driver"
        return link.resolve().name if link.exists() else ""

    @property
    def link_speed(self) -> str:
        """The fastest speed of the link, as a machine file has it."""
        found = _SPEED.match(self.text("max_link_speed"))
        return f"{found.group()} PCIe" if found else "2.5 GT/s PCIe"

    @property
    def bars(self) -> tuple[int, ...]:
        """Sizes of the memory regions."""
        sizes = []
        for line in self.text("resource").splitlines()[:_RESOURCES]:
            first, last, _ = (int(word, 16) for word in line.split())
            sizes.append(last - first + 1 if last else 0)
        while sizes and not sizes[-1]:
            sizes.pop()
        return tuple(sizes)

    @property
    def config_bytes(self) -> int:
        """The size of the configuration space."""
        try:
            size = (self.folder / "config").stat().st_size
        except OSError:
            size = 0
        return size if size in {64, 256, 4096} else 4096

    def names(self, folder: str) -> list[str]:
        """Give the names in a folder: interfaces in `net`, RDMA devices in `infiniband`."""
        try:
            return sorted(entry.name for entry in (self.folder / folder).iterdir())
        except OSError:
            return []


def functions_of(sysfs: Path) -> dict[str, Function]:
    """Give all PCI functions by address. Raises SetupProblem when there is no PCI bus."""
    bus = sysfs / "bus/pci/devices"
    try:
        links = sorted(bus.iterdir())
    except OSError as error:
        raise SetupProblem(
            f"no PCI devices can be read: {error.strerror}",
            where=str(bus),
            cure="give the folder where sysfs is mounted",
        ) from error
    found = (_function(link) for link in links if _ADDRESS.fullmatch(link.name))
    return {one.address: one for one in found if one}


def _function(link: Path) -> Function | None:
    parts = link.resolve().parts
    start = next((at for at, part in enumerate(parts) if part.startswith("pci")), None)
    if start is None:
        return None
    above = tuple(part for part in parts[start + 1 : -1] if _ADDRESS.fullmatch(part))
    return Function(link.name, link, parts[start], above)


def text_of(file: Path) -> str:
    """Give the text of a file, stripped; nothing where there is none or it cannot be read."""
    try:
        return file.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
