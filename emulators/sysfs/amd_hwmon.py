"""The sensors of an AMD GPU (Linux Documentation/gpu/amdgpu/thermal.rst, hwmon units)."""

from functools import partial
from typing import TYPE_CHECKING

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.sysfs.attributes import number
from drawplate.emulators.sysfs.hwmon import Sensors

if TYPE_CHECKING:
    from drawplate.emulators.machine.sections.amd import Amd
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State
    from drawplate.emulators.tree.model import Tree

_MICRO = 1_000_000
_CRITICAL, _EMERGENCY, _MEMORY_CRITICAL = 100_000, 105_000, 95_000


def put(state: "State", tree: "Tree", folder: str, gpu: "Device", section: "Amd") -> None:
    """Put the folder `hwmon/hwmonN` with temperatures, power and clocks."""
    sensors = Sensors(state, tree, folder, gpu, "amdgpu")
    sensors.put("temp2_label", "junction")
    sensors.put("temp2_input", lambda: gpu["temperature.gpu"] * 1000)
    sensors.put("temp2_crit", _CRITICAL)
    sensors.put("temp2_emergency", _EMERGENCY)
    sensors.put("temp3_label", "mem")
    sensors.put("temp3_input", lambda: gpu["temperature.memory"] * 1000)
    sensors.put("temp3_crit", _MEMORY_CRITICAL)
    sensors.put("power1_label", "PPT")
    sensors.put("power1_input", lambda: gpu["power.usage"] * 1000)
    sensors.put("power1_cap", lambda: gpu["power.limit"] * 1000, partial(_set_cap, state, gpu))
    sensors.put("power1_cap_default", section.power.limit * _MICRO)
    sensors.put("power1_cap_max", section.power.most * _MICRO)
    sensors.put("power1_cap_min", section.power.least * _MICRO)
    sensors.put("freq1_label", "sclk")
    sensors.put("freq1_input", lambda: gpu["clocks.graphics"] * _MICRO)
    sensors.put("freq2_label", "mclk")
    sensors.put("freq2_input", lambda: gpu["clocks.memory"] * _MICRO)


def _set_cap(state: "State", gpu: "Device", text: str) -> None:
    power = gpu.spec.profile.amd.power if gpu.spec.profile.amd else None
    watts = number(text) // _MICRO
    if power is None or not power.least <= watts <= power.most:
        raise Refused(Reason.INVALID, f"{gpu.name} cannot be limited to {text.strip()} µW")
    with state.change(f"power limit of {gpu.name}") as change:
        change.set(gpu, "power.limit", watts * 1000)
