"""Where the memory regions of PCI functions lie: laid out as firmware does, once per node."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drawplate.emulators.machine.addresses import bus_number, bus_of
from drawplate.emulators.sysfs.functions import nth

if TYPE_CHECKING:
    from drawplate.emulators.machine.pci_tree import Bridge
    from drawplate.emulators.machine.placed import DeviceSpec, NodeSpec

# Linux include/linux/ioport.h: IORESOURCE_MEM, _PREFETCH, _MEM_64, _SIZEALIGN; and the low bits
# of the base address register itself, which the kernel keeps there too.
MEMORY, PREFETCH, MEMORY_64, SIZE_ALIGN = 0x200, 0x2000, 0x100000, 0x40000
REGISTER_64, REGISTER_PREFETCH = 0x4, 0x8

_MIB = 1 << 20
_LOW, _LOW_BYTES = 0x8000_0000, 0x7000_0000
_HIGH, _HIGH_BYTES = 1 << 45, 1 << 44

# The last of the six registers.
_LAST = 5


@dataclass(frozen=True, slots=True)
class Region:
    """A memory region behind the base address register `index`; both ends belong to it."""

    index: int
    start: int
    size: int
    flags: int

    @property
    def end(self) -> int:
        """The last byte."""
        return self.start + self.size - 1

    @property
    def wide(self) -> bool:
        """Whether its address takes two registers."""
        return bool(self.flags & MEMORY_64)


@dataclass(slots=True)
class _Space:
    low: int
    high: int

    def take(self, size: int, *, wide: bool, times: int = 1) -> int:
        at = self.high if wide else self.low
        start = -(-at // size) * size
        if wide:
            self.high = start + size * times
        else:
            self.low = start + size * times
        return start

    def align(self) -> None:
        """Go on at the next MiB, the grain of the windows of bridges."""
        self.low, self.high = (-(-at // _MIB) * _MIB for at in (self.low, self.high))


@dataclass(frozen=True, slots=True)
class Layout:
    """All regions of a node: by address of the function; those of virtual functions by parent."""

    regions: dict[str, tuple[Region, ...]]
    virtual: dict[str, tuple[Region, ...]]

    def of(self, spec: "DeviceSpec", address: str, parent: "DeviceSpec | None") -> list[Region]:
        """Give the regions of the function at `address`, which is one of the device's."""
        if parent is None:
            return list(self.regions.get(address, ()))
        number, total = spec.options["number"], parent.options["sriov"]["total"]
        return [
            Region(one.index, one.start + one.size // total * number, one.size // total, one.flags)
            for one in self.virtual.get(parent.address, ())
        ]

    def window(self, bridge: "Bridge", *, wide: bool) -> tuple[int, int] | None:
        """Give the first and last address behind a bridge, or None when there is nothing."""
        behind = [
            region
            for address, regions in [*self.regions.items(), *self.virtual.items()]
            for region in regions
            if region.wide == wide
            and address[:4] == bridge.address[:4]
            and bridge.secondary <= bus_number(bus_of(address)) <= bridge.subordinate
        ]
        if not behind:
            return None
        first, last = min(one.start for one in behind), max(one.end for one in behind)
        return first // _MIB * _MIB, (last // _MIB + 1) * _MIB - 1


def lay_out(node: "NodeSpec") -> Layout:
    """Lay out the regions of all devices, plugged in or not, in the order of their buses."""
    found = Layout({}, {})
    physical = [spec for spec in node.devices if spec.parent is None]
    roots = sorted({spec.pcie_root for spec in physical})
    for number, root in enumerate(roots):
        share = _LOW_BYTES // len(roots) // (16 * _MIB) * 16 * _MIB
        space = _Space(_LOW + number * share, _HIGH + number * _HIGH_BYTES)
        below = [spec for spec in physical if spec.pcie_root == root]
        for spec in sorted(below, key=lambda one: one.address):
            space.align()
            pci = spec.profile.pci
            for function in range(pci.functions):
                found.regions[nth(spec.address, function)] = tuple(_place(space, pci.bars, 1))
            total = int(spec.options.get("sriov", {}).get("total", 0))
            if pci.virtual_function and total:
                bars = node.machine.profile(pci.virtual_function).pci.bars
                found.virtual[spec.address] = tuple(_place(space, bars, total))
    return found


def _place(space: _Space, bars: Sequence[int], times: int) -> Iterator[Region]:
    for index, size in enumerate(bars):
        if size:
            # A register that nothing follows has the next one for the upper half.
            wide = index < _LAST and not any(bars[index + 1 : index + 2])
            flags = MEMORY | SIZE_ALIGN
            if wide:
                flags |= MEMORY_64 | PREFETCH | REGISTER_64 | REGISTER_PREFETCH
            start = space.take(size, wide=wide, times=times)
            yield Region(index, start, size * times, flags)
