"""amdgpu's files below a GPU's PCI function: partitions, memory, load, firmware, identity.

Names and formats: Linux Documentation/gpu/amdgpu (driver-misc, thermal, ras) and the sources named
at each file's making.
"""

from functools import partial
from typing import TYPE_CHECKING

from drawplate.emulators.devices import amd
from drawplate.emulators.sysfs import amd_hwmon, amd_metrics, amd_ras
from drawplate.emulators.sysfs.amd_partitions import set_compute_partition, set_memory_partition
from drawplate.emulators.sysfs.functions import folder_of
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from drawplate.emulators.machine.sections.amd import Amd
    from drawplate.emulators.state.change import Change
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State

STRUCTURE = amd.STRUCTURE

_MIB = 1 << 20


def contribute(state: "State", tree: Tree) -> None:
    """Put the files of every GPU that amdgpu has."""
    for gpu in amd.bound(state):
        section = gpu.spec.profile.amd
        if section is None:
            continue
        folder = folder_of(gpu.spec)
        _put_identity(tree, folder, gpu, section)
        _put_memory(tree, folder, gpu, section)
        _put_load(state, tree, folder, gpu, section)
        if section.compute:
            _put_partitions(state, tree, folder, gpu, section)
        amd_hwmon.put(state, tree, folder, gpu, section)
        amd_ras.put(tree, folder, gpu)


def unique_id(gpu: "Device") -> int:
    """Give the number that the chip itself has; 64 bits, made from the device's UUID."""
    digits = gpu.spec.uuid.replace("-", "")[-16:]
    return int(digits, 16)


def _put_identity(tree: Tree, folder: str, gpu: "Device", section: "Amd") -> None:
    # amdgpu_pm.c unique_id_show, amdgpu_fru_eeprom.c, amdgpu_atombios.c vbios_version.
    tree.file(f"{folder}/unique_id", f"{unique_id(gpu):016x}\n")
    tree.file(f"{folder}/product_name", lambda: f"{gpu['name']}\n")
    tree.file(f"{folder}/product_number", f"{section.product_number}\n")
    tree.file(f"{folder}/serial_number", lambda: f"{gpu['serial']}\n")
    tree.file(f"{folder}/vbios_version", f"{section.vbios}\n")
    tree.file(f"{folder}/board_info", "type : oam\n")
    for name, number in section.firmware.items():
        tree.file(f"{folder}/fw_version/{name}_fw_version", f"0x{number:08x}\n")
    if section.hive:
        tree.file(f"{folder}/xgmi_device_id", f"{gpu.spec.index}\n")


def _put_memory(tree: Tree, folder: str, gpu: "Device", section: "Amd") -> None:
    # amdgpu_vram_mgr.c and amdgpu_gtt_mgr.c: bytes, decimal.
    def put(name: str, bytes_now: "Callable[[], int]") -> None:
        tree.file(f"{folder}/mem_info_{name}", lambda: f"{bytes_now()}\n")

    put("vram_total", lambda: gpu["memory.total"] * _MIB)
    put("vram_used", lambda: gpu["memory.used"] * _MIB)
    # The whole memory is visible through a large BAR.
    put("vis_vram_total", lambda: gpu["memory.total"] * _MIB)
    put("vis_vram_used", lambda: gpu["memory.used"] * _MIB)
    put("gtt_total", lambda: gpu["memory.total"] * _MIB)
    put("gtt_used", lambda: gpu["gtt.used"] * _MIB)
    put("preempt_used", lambda: 0)
    tree.file(f"{folder}/mem_info_vram_vendor", f"{section.memory_vendor}\n")


def _put_load(state: "State", tree: Tree, folder: str, gpu: "Device", section: "Amd") -> None:
    tree.file(f"{folder}/gpu_busy_percent", lambda: f"{gpu['utilisation.gpu']}\n")
    tree.file(f"{folder}/mem_busy_percent", lambda: f"{gpu['utilisation.memory']}\n")
    tree.file(f"{folder}/pp_dpm_sclk", partial(_clocks, gpu, "graphics", section.engine_clock_mhz))
    tree.file(f"{folder}/pp_dpm_mclk", partial(_clocks, gpu, "memory", section.memory_clock_mhz))
    tree.file(
        f"{folder}/power_dpm_force_performance_level",
        lambda: f"{gpu['performance_level']}\n",
        write=partial(_store, state, gpu, _set_level),
    )
    tree.file(f"{folder}/power_dpm_state", "performance\n")
    tree.file(f"{folder}/gpu_metrics", partial(amd_metrics.table, state, gpu, section))
    tree.file(
        f"{folder}/thermal_throttling_logging",
        f"{gpu.spec.address}: thermal throttling logging enabled, with interval 60 seconds\n",
    )
    tree.file(f"{folder}/pcie_replay_count", "0\n")


def _clocks(gpu: "Device", domain: str, most: int) -> str:
    # smu_v13_0_6_print_clk_levels: the level in use has a star.
    now = gpu[f"clocks.{domain}"]
    levels = sorted({most // 4, now, most})
    rows = (f"{n}: {mhz}Mhz{' *' if mhz == now else ''}\n" for n, mhz in enumerate(levels))
    return "".join(rows)


def _put_partitions(state: "State", tree: Tree, folder: str, gpu: "Device", section: "Amd") -> None:
    # amdgpu_gfx.c and amdgpu_gmc.c.
    tree.file(
        f"{folder}/current_compute_partition",
        lambda: f"{gpu['partition.compute']}\n",
        write=partial(_store, state, gpu, set_compute_partition),
    )
    tree.file(f"{folder}/available_compute_partition", f"{', '.join(section.compute)}\n")
    tree.file(
        f"{folder}/current_memory_partition",
        lambda: f"{gpu['partition.memory']}\n",
        write=partial(_store, state, gpu, set_memory_partition),
    )
    tree.file(f"{folder}/available_memory_partition", f"{', '.join(section.memory)}\n")


def _set_level(change: "Change", gpu: "Device", text: str) -> None:
    change.set(gpu, "performance_level", text.strip())


def _store(
    state: "State",
    gpu: "Device",
    action: "Callable[[Change, Device, str], None]",
    text: str,
) -> None:
    with state.change(f"write to sysfs of {gpu.name}") as change:
        action(change, gpu, text)
