"""The file gpu_metrics of an AMD GPU: one binary table of all that its firmware measures."""

import functools
import struct
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from drawplate.emulators.machine.sections.amd import Amd
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State

# What firmware writes where it has nothing to tell: all bits set.
_NOTHING = {"H": 0xFFFF, "I": 0xFFFFFFFF, "Q": 0xFFFFFFFFFFFFFFFF}
# Units of the energy counter, in µJ, and of the time stamps.
_ENERGY_MICROJOULES = 15.259
_NANOSECONDS, _TEN_NANOSECONDS = 1_000_000_000, 100_000_000


@functools.cache
def layout() -> dict[str, Any]:
    """Give the format of the table."""
    path = files("drawplate.emulators.sysfs") / "amd_metrics.yaml"
    found: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def table(state: "State", gpu: "Device", section: "Amd") -> bytes:
    """Give the table as it is now."""
    known = _values(state, gpu, section)
    size, (revision, content) = layout()["size"], layout()["format"]
    parts = [struct.pack("<HBB", size, revision, content)]
    for name, code, count in layout()["fields"]:
        values = known.get(name, [])
        padded = [*values, *[_NOTHING[code]] * (count - len(values))]
        parts.append(struct.pack(f"<{count}{code}", *padded))
    return b"".join(parts).ljust(size, b"\0")


def _values(state: "State", gpu: "Device", section: "Amd") -> dict[str, list[int]]:
    # "32.0 GT/s PCIe" in tenths.
    speed = round(float(str(gpu["link.speed"]).split()[0]) * 10) if gpu["link.width"] else 0
    seconds = state.clock.now()
    return {
        "temperature_hotspot": [gpu["temperature.gpu"]],
        "temperature_mem": [gpu["temperature.memory"]],
        "curr_socket_power": [gpu["power.usage"] // 1000],
        "average_gfx_activity": [gpu["utilisation.gpu"]],
        "average_umc_activity": [gpu["utilisation.memory"]],
        "energy_accumulator": [int(gpu["energy.total"] * 1000 / _ENERGY_MICROJOULES)],
        "system_clock_counter": [int(seconds * _NANOSECONDS)],
        "throttle_status": [0],
        "pcie_link_width": [gpu["link.width"]],
        "pcie_link_speed": [speed],
        "firmware_timestamp": [int(seconds * _TEN_NANOSECONDS)],
        "current_gfxclk": [gpu["clocks.graphics"]] * section.dies,
        "current_uclk": [gpu["clocks.memory"]],
    }
