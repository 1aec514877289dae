"""What the pages tell of a GPU's place: its PCI address, its link, its neighbours."""

from collections.abc import Sequence
from typing import Any

from drawplate.emulators.machine.sections.nvidia import Nvidia
from drawplate.emulators.machine.topology import cpu_numbers
from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State

# nvmlGpuTopologyLevel_t of nvml.h.
_SAME, _ONE_SWITCH, _SWITCHES, _HOST_BRIDGE, _NODE, _SYSTEM = 0, 10, 20, 30, 40, 50
_GENERATIONS = {"2.5": 1, "5.0": 2, "8.0": 3, "16.0": 4, "32.0": 5, "64.0": 6}
_WORDS = 16


def presence(_state: State, device: Device) -> int:
    """Tell whether it is plugged in."""
    return int(device.present)


def pci(_state: State, device: Device) -> dict[str, Any]:
    """Give nvmlPciInfoExt_v1_t."""
    ids, address = device.spec.profile.pci, device.spec.address
    domain, bus, rest = address.split(":")
    return {
        "domain": int(domain, 16),
        "bus": int(bus, 16),
        "device": int(rest[:2], 16),
        "pciDeviceId": int(ids.device + ids.vendor, 16),
        "pciSubSystemId": int(ids.subsystem_device + ids.subsystem_vendor, 16),
        "baseClass": int(ids.class_[:2], 16),
        "subClass": int(ids.class_[2:4], 16),
        "busId": f"{domain:>08}:{bus}:{rest}".upper(),
    }


def legacy_bus_id(_state: State, device: Device) -> str:
    """Give the address with a domain of four digits, as before NVML 9.2."""
    return device.spec.address.upper()


def link_generation(_state: State, device: Device) -> int:
    """Give the PCIe generation of the link now."""
    return _GENERATIONS.get(str(device["link.speed"]).split(" ", 1)[0], 0)


def max_generation(_state: State, device: Device) -> int:
    """Give the PCIe generation that the board can."""
    return _GENERATIONS[device.spec.profile.pci.link_speed_gts.split(" ", 1)[0]]


def max_width(_state: State, device: Device) -> int:
    """Give the lanes that the board has."""
    return device.spec.profile.pci.link_width


def board_id(_state: State, device: Device) -> int:
    """Give the number of the board: where none was chosen, from the bus, as of boards of one GPU."""
    chosen, address = int(device["board.id"]), device.spec.address
    return chosen if chosen >= 0 else int(address[:4], 16) << 16 | int(address[5:7], 16) << 8


def numa_node(_state: State, device: Device) -> int:
    """Give the memory node, -1 where firmware does not tell."""
    return -1 if device.spec.numa_node is None else device.spec.numa_node


def cpus(state: State, device: Device) -> list[int]:
    """Give the processors of the memory node as bits, 64 in a word."""
    numa = state.node.machine.numa
    words = [0] * _WORDS
    node = device.spec.numa_node
    near = numa.cpus if node is None else numa.cpus[node : node + 1]
    for text in near:
        for number in cpu_numbers(text):
            if number < 64 * _WORDS:
                words[number // 64] |= 1 << number % 64
    return words


def ancestors(state: State, device: Device) -> list[int]:
    """Give how far each GPU is, in the order of the records."""
    return [_level(device, other) for other in state.devices(kind="nvidia-gpu", absent=True)]


def engines(_state: State, device: Device) -> list[int]:
    """Give the copy engines, decoders, encoders, JPEG and optical flow engines."""
    section, own = nvidia(device), device["engines"]
    return [
        int(own.get("copy", section.copy_engines)),
        int(own.get("decoder", section.decoders)),
        int(own.get("encoder", section.encoders)),
        int(own.get("jpeg", section.jpeg_engines)),
        int(own.get("ofa", section.flow_engines)),
    ]


def margins(_state: State, device: Device) -> int:
    """Tell whether temperatures are also told as degrees that are left."""
    return int(nvidia(device).temperature.margins)


def supported_memory_count(_state: State, device: Device) -> int:
    """Count the memory clocks that can be chosen."""
    return len(device["clocks.supported.memory"])


def graphics_lowest(_state: State, device: Device) -> int:
    """Give the lowest graphics clock that can be chosen, in MHz."""
    return nvidia(device).clocks.lowest_graphics


def graphics_step(_state: State, device: Device) -> int:
    """Give the MHz between two graphics clocks."""
    return nvidia(device).clocks.step_graphics


def nvidia(device: Device) -> Nvidia:
    """Give the section `nvidia` of the device's profile, which all of this kind have."""
    section = device.spec.profile.nvidia
    if section is None:
        message = f"the profile of {device.name} has no section nvidia"
        raise ValueError(message)
    return section


def _level(one: Device, other: Device) -> int:
    if one is other:
        return _SAME
    if one.spec.pcie_root != other.spec.pcie_root:
        return _NODE if one.spec.numa_node == other.spec.numa_node is not None else _SYSTEM
    shared = _shared(one.spec.bridges, other.spec.bridges)
    # The root's port, and a switch's upstream port: then a switch connects the two.
    if shared < 2:  # noqa: PLR2004
        return _HOST_BRIDGE
    apart = max(len(one.spec.bridges), len(other.spec.bridges)) - shared
    return _ONE_SWITCH if apart <= 1 else _SWITCHES


def _shared(one: Sequence[str], other: Sequence[str]) -> int:
    pairs = zip(one, other, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
