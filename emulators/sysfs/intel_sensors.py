"""The sensors of an Intel GPU (sysfs-driver-intel-i915-hwmon, sysfs-driver-intel-xe-hwmon)."""

from functools import partial
from typing import TYPE_CHECKING

from drawplate.emulators.devices.binding import driver_of
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.sysfs.attributes import number
from drawplate.emulators.sysfs.hwmon import Sensors

if TYPE_CHECKING:
    from drawplate.emulators.machine.sections.intel import Intel
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State
    from drawplate.emulators.tree.model import Tree

_MICRO = 1_000_000


def put(state: "State", tree: "Tree", folder: str, gpu: "Device", section: "Intel") -> None:
    """Put the folder `hwmon/hwmonN` with energy, power limit and temperatures."""
    driver = driver_of(state, gpu)
    sensors = Sensors(state, tree, folder, gpu, driver)
    sensors.put("energy1_input", lambda: int(gpu["energy.total"] * 1000))
    sensors.put("power1_max", lambda: gpu["power.limit"] * 1000, partial(_limit, state, gpu))
    sensors.put("power1_rated_max", section.rated_power * _MICRO)
    sensors.put("in0_input", 780)
    if driver == "xe":
        sensors.put("power1_label", "card")
        sensors.put("temp2_label", "pkg")
        sensors.put("temp2_input", lambda: gpu["temperature.gpu"] * 1000)
        sensors.put("temp2_crit", section.critical_celsius * 1000)
        sensors.put("temp3_label", "vram")
        sensors.put("temp3_input", lambda: gpu["temperature.memory"] * 1000)
    else:
        sensors.put("temp1_input", lambda: gpu["temperature.gpu"] * 1000)


def _limit(state: "State", gpu: "Device", text: str) -> None:
    section = gpu.spec.profile.intel
    if section is None:
        raise Refused(Reason.NOT_SUPPORTED, f"{gpu.name} is no Intel GPU")
    watts = number(text) // _MICRO
    # The driver takes what is too much for the rated power (hwm_power_max_write).
    with state.change(f"power limit of {gpu.name}") as change:
        change.set(gpu, "power.limit", min(watts, section.rated_power) * 1000)
