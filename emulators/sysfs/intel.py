"""What i915 and xe show of an Intel GPU: frequencies, memory, tiles, sensors, management engine.

Linux Documentation/ABI/testing/sysfs-driver-intel-{i915,xe}-hwmon, sysfs-driver-intel-xe-gtidle
and xe_gt_freq.c; for i915, i915_sysfs.c and intel_gt_sysfs_pm.c, and lmem_total_bytes of Intel's
out-of-tree module.
"""

from functools import partial
from typing import TYPE_CHECKING

from drawplate.emulators.devices import drm, intel
from drawplate.emulators.devices.binding import driver_of
from drawplate.emulators.sysfs import intel_mei, intel_sensors
from drawplate.emulators.sysfs.functions import folder_of
from drawplate.emulators.sysfs.intel_frequency import Frequency, put_i915, put_xe
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.machine.sections.intel import Intel
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State

STRUCTURE = drm.STRUCTURE

_MIB = 1 << 20


def contribute(state: "State", tree: Tree) -> None:
    """Put the files of every GPU, and of virtual functions that i915 or xe has."""
    cards = {card.device.name: card.card for card in drm.cards(state)}
    for gpu in intel.bound(state):
        section = gpu.spec.profile.intel
        folder = folder_of(gpu.spec)
        if section is None:
            continue
        if gpu[intel.SURVIVABILITY]:
            tree.file(f"{folder}/survivability_mode", "Runtime Survivability: critical\n")
        if gpu.name in cards:
            _put_files(state, tree, gpu, section, f"{folder}/drm/card{cards[gpu.name]}")
            if gpu.spec.parent is None:
                intel_sensors.put(state, tree, folder, gpu, section)
    intel_mei.put(state, tree)


def _put_files(state: "State", tree: Tree, gpu: "Device", section: "Intel", card: str) -> None:
    frequency = Frequency(state, gpu, section)
    if driver_of(state, gpu) == "i915":
        tree.file(f"{card}/lmem_total_bytes", partial(_bytes, gpu, 1))
        tree.file(f"{card}/lmem_avail_bytes", partial(_free, gpu))
        for tile in range(section.tiles):
            put_i915(tree, f"{card}/gt/gt{tile}", frequency, tile)
        return
    folder = folder_of(gpu.spec)
    tree.file(f"{folder}/vram_d3cold_threshold", "300\n")
    unit = 0
    for tile in range(section.tiles):
        path = f"{folder}/tile{tile}"
        tree.file(f"{path}/physical_vram_size_bytes", partial(_hex_bytes, gpu, section.tiles))
        for _ in range(section.graphics_units):
            put_xe(tree, f"{path}/gt{unit}", frequency, unit)
            unit += 1


def _bytes(gpu: "Device", parts: int) -> str:
    return f"{gpu['memory.total'] * _MIB // parts}\n"


def _hex_bytes(gpu: "Device", parts: int) -> str:
    # xe_tile_sysfs.c / xe_vram.c print the size in hexadecimal with its prefix.
    return f"0x{gpu['memory.total'] * _MIB // parts:x}\n"


def _free(gpu: "Device") -> str:
    return f"{(gpu['memory.total'] - gpu['memory.used']) * _MIB}\n"
