"""The configuration space of PCI functions, byte for byte (PCIe 6.0 chapter 7, Linux pci_regs.h)."""

import functools
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from drawplate.emulators.sysfs.functions import Function
from drawplate.emulators.sysfs.regions import Region

if TYPE_CHECKING:
    from drawplate.emulators.state.change import Change
    from drawplate.emulators.state.device import Device

WRITTEN = "pci.config"

_PLAIN, _STANDARD = 64, 256
_DISABLED_WINDOW = (0xFFF0_0000, 0)
_PORT_TYPES = {"root": 4, "upstream": 5, "downstream": 6}
_VECTORS = 64
# Regions from this size on have registers before the interrupts' table. Bytes.
_ROOMY = 0x4000


@dataclass(frozen=True, slots=True)
class Space:
    """What a function's configuration space is made of, besides what the function says."""

    function: Function
    regions: tuple[Region, ...] = ()
    virtual: tuple[Region, ...] = ()
    # Memory behind a bridge: below 4 GiB, and above.
    windows: tuple[tuple[int, int] | None, tuple[int, int] | None] = (None, None)
    several: bool = False
    parent: "Device | None" = None
    virtual_device: int = 0

    def read(self) -> bytes:
        """Give all bytes as they are now; a lost device answers with ones only."""
        function = self.function
        if function.lost:
            return b"\xff" * function.config_bytes
        space = bytearray(4096)
        _put_header(space, self)
        if function.config_bytes > _PLAIN:
            _put_capabilities(space, self)
        if function.config_bytes > _STANDARD:
            _put_extended(space, self)
        if function.owner is not None:
            for offset, byte in function.owner[WRITTEN].items():
                space[int(offset)] = byte
        return bytes(space[: function.config_bytes])


def write(change: "Change", device: "Device", space: Space, offset: int, data: bytes) -> None:
    """Write to a device's configuration space; what is read-only stays."""
    now, written = space.read(), dict(device[WRITTEN])
    for at, byte in enumerate(data, offset):
        mask = _tables()["writable"].get(at, 0)
        if mask and at < len(now):
            written[str(at)] = now[at] & ~mask | byte & mask
    change.set(device, WRITTEN, written)


@functools.cache
def _tables() -> Mapping[str, Any]:
    path = files("drawplate.emulators.sysfs") / "capabilities.yaml"
    tables: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return tables


def _put(space: bytearray, offset: int, size: int, value: int) -> None:
    space[offset : offset + size] = value.to_bytes(size, "little")


def _put_header(space: bytearray, one: Space) -> None:
    function = one.function
    # A virtual function has no ids of its own (SR-IOV 1.1, 3.4.1.1); the kernel knows them.
    virtual = one.parent is not None
    _put(space, 0x00, 2, 0xFFFF if virtual else function.vendor)
    _put(space, 0x02, 2, 0xFFFF if virtual else function.device)
    # Memory and bus master, once a driver has enabled the function; the memory of virtual
    # functions is enabled by their physical one (SR-IOV 1.1, 3.4.1.3).
    enabled = 0x0004 if virtual else 0x0406
    _put(space, 0x04, 2, enabled if function.driver else 0x0000)
    _put(space, 0x06, 2, 0x0010 if function.config_bytes > _PLAIN else 0)
    space[0x08] = function.revision
    _put(space, 0x09, 3, function.class_)
    space[0x0C] = 0x10
    space[0x0E] = (0x80 if one.several else 0) | (1 if function.bridge else 0)
    space[0x34] = _tables()["standard"]["power"] if function.config_bytes > _PLAIN else 0
    # Interrupt pin A; virtual functions have none.
    space[0x3D] = 0 if virtual else 1
    if function.bridge is not None:
        _put_bridge(space, one)
        return
    if not virtual:
        _put_registers(space, 0x10, one.regions)
    _put(space, 0x2C, 2, function.subsystem_vendor)
    _put(space, 0x2E, 2, function.subsystem_device)


def _put_registers(space: bytearray, offset: int, regions: tuple[Region, ...]) -> None:
    for region in regions:
        at = offset + 4 * region.index
        _put(space, at, 4, (region.start & 0xFFFF_FFF0) | (region.flags & 0xF))
        if region.wide:
            _put(space, at + 4, 4, region.start >> 32)


def _put_bridge(space: bytearray, one: Space) -> None:
    bridge = one.function.bridge
    if bridge is None:
        return
    space[0x18] = int(bridge.address[5:7], 16)
    space[0x19], space[0x1A] = bridge.secondary, bridge.subordinate
    # No I/O ports: a base above its limit.
    space[0x1C], space[0x1D] = 0xF0, 0x00
    first, last = one.windows[0] or _DISABLED_WINDOW
    _put(space, 0x20, 2, first >> 16 & 0xFFF0)
    _put(space, 0x22, 2, last >> 16 & 0xFFF0)
    first, last = one.windows[1] or _DISABLED_WINDOW
    _put(space, 0x24, 2, (first >> 16 & 0xFFF0) | 1)
    _put(space, 0x26, 2, (last >> 16 & 0xFFF0) | 1)
    _put(space, 0x28, 4, first >> 32)
    _put(space, 0x2C, 4, last >> 32)


def _put_capabilities(space: bytearray, one: Space) -> None:
    places = _tables()["standard"]
    power, express, msix = places["power"], places["express"], places["msix"]
    last = one.function.bridge is not None or not one.regions
    _put(space, power, 4, 0x0003_0001 | express << 8)
    # Going to D0 keeps the state.
    _put(space, power + 4, 2, 0x0008)
    _put(space, express, 2, 0x10 | (0 if last else msix) << 8)
    _put_express(space, express, one)
    if not last:
        first = one.regions[0]
        table, pending = (0x2000, 0x3000) if first.size >= _ROOMY else (0, first.size // 2)
        _put(space, msix, 2, 0x0011)
        _put(space, msix + 2, 2, _VECTORS - 1 | (0x8000 if one.function.driver else 0))
        _put(space, msix + 4, 4, table | first.index)
        _put(space, msix + 8, 4, pending | first.index)


def _put_express(space: bytearray, at: int, one: Space) -> None:
    bridge, owner = one.function.bridge, one.function.owner
    kind = _PORT_TYPES[bridge.kind] if bridge else 0
    slot = bridge is not None and bridge.kind != "upstream"
    _put(space, at + 2, 2, 0x2 | kind << 4 | (0x100 if slot else 0))
    # Payloads of 256 bytes, error roles; functions of devices can be reset by themselves.
    _put(space, at + 4, 4, 0x8001 | (0 if bridge else 0x1000_0000))
    best, lanes = link_capability(one)
    _put(space, at + 12, 4, best | lanes << 4 | (0x10_0000 if slot else 0))
    # Error reporting, payloads and the link are the physical function's, and read as zero in its
    # virtual ones (SR-IOV 1.1, 3.5).
    if one.parent is None:
        _put(space, at + 8, 2, 0x283F)
        _put(space, at + 16, 2, 0x0040)
        speed = speed_code(owner["link.speed"]) if owner else best
        width = int(owner["link.width"]) if owner else lanes
        _put(space, at + 18, 2, speed | width << 4 | 0x1000 | (0x2000 if slot else 0))
    if slot and bridge is not None:
        # A slot with a presence detector that can be plugged while running.
        _put(space, at + 20, 4, 0x60 | bridge.secondary << 19)
        # Indicators: attention off, power on.
        _put(space, at + 24, 2, 0x01C0)
        _put(space, at + 26, 2, 0x0040)
    # Ports forward to more than eight functions of a card, as ARI needs.
    _put(space, at + 36, 4, 0x0001_0012 | (0x20 if slot else 0))
    _put(space, at + 40, 2, 0x20 if slot else 0)
    _put(space, at + 44, 4, (2**best - 1) << 1)
    _put(space, at + 48, 2, best if one.parent is None else 0)


def link_capability(one: Space) -> tuple[int, int]:
    """Give the code of the best link speed, and the most lanes."""
    spec = one.function.spec
    if spec is None:
        return 5, 16
    return speed_code(spec.profile.pci.link_speed_gts), spec.profile.pci.link_width


def speed_code(text: str) -> int:
    """Give the code of a speed as the kernel writes it, "32.0 GT/s PCIe"; 0 when unknown."""
    return int(_tables()["speeds"].get(text.partition(" ")[0], 0))


def _put_extended(space: bytearray, one: Space) -> None:
    chain = [("aer", 0x0001, 2)]
    if one.parent is None:
        chain.append(("serial", 0x0003, 1))
    if one.function.bridge is not None or one.several:
        chain.append(("acs", 0x000D, 1))
    if one.virtual or one.parent is not None:
        chain.append(("ari", 0x000E, 1))
    if one.virtual:
        chain.append(("sriov", 0x0010, 1))
    places = [_tables()["extended"][name] for name, _, _ in chain]
    for (name, number, version), at, following in zip(chain, places, [*places[1:], 0], strict=True):
        _put(space, at, 4, number | version << 16 | following << 20)
        if name in _FILLS:
            _FILLS[name](space, at, one)


def _put_aer(space: bytearray, at: int, _one: Space) -> None:
    # Severities and masks as after a reset.
    _put(space, at + 0x0C, 4, 0x0046_2030)
    _put(space, at + 0x14, 4, 0x0000_2000)


def _put_serial(space: bytearray, at: int, one: Space) -> None:
    spec = one.function.spec
    named = spec.uuid if spec else one.function.address
    digest = hashlib.sha256(named.encode()).digest()
    space[at + 4 : at + 12] = digest[:8]


def _put_acs(space: bytearray, at: int, one: Space) -> None:
    # Source validation, request and completion redirection, upstream forwarding: so every
    # function below is a group of its own.
    bits = 0x001D if one.function.bridge is not None else 0
    _put(space, at + 4, 2, bits)
    _put(space, at + 6, 2, bits)


def _put_sriov(space: bytearray, at: int, one: Space) -> None:
    owner = one.function.owner
    if owner is None:
        return
    asked = owner.spec.options["sriov"]
    enabled = int(owner["sriov.numvfs"]) if "sriov.numvfs" in owner else 0
    # Virtual functions and their memory are enabled, in the hierarchy of ARI.
    _put(space, at + 0x08, 2, 0x19 if enabled else 0x10)
    _put(space, at + 0x0C, 2, asked["total"])
    _put(space, at + 0x0E, 2, asked["total"])
    _put(space, at + 0x10, 2, enabled)
    _put(space, at + 0x14, 2, asked["offset"])
    _put(space, at + 0x16, 2, asked["stride"])
    _put(space, at + 0x1A, 2, one.virtual_device)
    _put(space, at + 0x1C, 4, 0x553)
    _put(space, at + 0x20, 4, 0x1)
    _put_registers(space, at + 0x24, one.virtual)


_FILLS = {"aer": _put_aer, "serial": _put_serial, "acs": _put_acs, "sriov": _put_sriov}
