"""The file `properties` of a node of AMD's compute topology (kfd_topology.c, node_show)."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drawplate.emulators.machine.sections.amd import Amd
    from drawplate.emulators.sysfs.kfd_nodes import GpuNode

# The keys of all nodes in the kernel's order, with what a processor has.
_COMMON: Mapping[str, int] = dict.fromkeys(
    (
        "cpu_cores_count",
        "simd_count",
        "mem_banks_count",
        "caches_count",
        "io_links_count",
        "p2p_links_count",
        "cpu_core_id_base",
        "simd_id_base",
        "max_waves_per_simd",
        "lds_size_in_kb",
        "gds_size_in_kb",
        "num_gws",
        "wave_front_size",
        "array_count",
        "simd_arrays_per_engine",
        "cu_per_simd_array",
        "simd_per_cu",
        "max_slots_scratch_cu",
        "gfx_target_version",
        "vendor_id",
        "device_id",
        "location_id",
        "domain",
        "drm_render_minor",
        "hive_id",
        "num_sdma_engines",
        "num_sdma_xgmi_engines",
        "num_sdma_queues_per_engine",
        "num_cp_queues",
    ),
    0,
)
_SIMD_PER_UNIT = 4
_CPU_CLOCK_MHZ = 3700
# Of the DMA engines of one partition two copy to memory; the others serve links.
_LOCAL_ENGINES = 2
# One number for all GPUs that are linked with each other.
_HIVE = 0x1D1502C7B8A0F31B


def lines(values: Mapping[str, object]) -> str:
    """Give `key value` lines."""
    return "".join(f"{key} {value}\n" for key, value in values.items())


def cpu_properties(cpus: Sequence[int], counts: Mapping[str, int]) -> str:
    """Give the properties of a memory node and its processors, of which it may have none."""
    own = {
        "cpu_cores_count": len(cpus),
        "mem_banks_count": 1,
        "cpu_core_id_base": min(cpus, default=0),
    }
    clock = {"max_engine_clk_ccompute": _CPU_CLOCK_MHZ}
    return lines({**_COMMON, **own, **counts, **clock})


def gpu_properties(
    node: "GpuNode", section: "Amd", unique_id: int, counts: Mapping[str, int], base: int
) -> str:
    """Give the properties of a GPU or of a partition, whose first unit has the number `base`."""
    dies = section.dies // node.partitions
    engines = section.sdma_engines // node.partitions
    own = {
        "simd_count": dies * section.units_per_die * _SIMD_PER_UNIT,
        "mem_banks_count": 1,
        "simd_id_base": base,
        "max_waves_per_simd": section.waves_per_simd,
        "lds_size_in_kb": section.lds_kib,
        "num_gws": 64,
        "wave_front_size": section.wavefront,
        "array_count": dies * section.shader_engines_per_die,
        "simd_arrays_per_engine": 1,
        "cu_per_simd_array": section.units_per_array,
        "simd_per_cu": _SIMD_PER_UNIT,
        "max_slots_scratch_cu": 32,
        "gfx_target_version": section.gfx_target_version,
        "drm_render_minor": node.render,
        "hive_id": _HIVE if section.hive else 0,
        "num_sdma_engines": min(engines, _LOCAL_ENGINES),
        "num_sdma_xgmi_engines": max(engines - _LOCAL_ENGINES, 0),
        "num_sdma_queues_per_engine": 8,
        "num_cp_queues": section.compute_queues,
    }
    last = {
        "max_engine_clk_fcompute": section.engine_clock_mhz,
        "local_mem_size": 0,
        "fw_version": section.firmware["mec"],
        "capability": section.capability,
        "debug_prop": section.debug,
        "sdma_fw_version": section.firmware["sdma"],
        "unique_id": unique_id,
        "num_xcc": dies,
        "max_engine_clk_ccompute": _CPU_CLOCK_MHZ,
    }
    return lines({**_COMMON, **own, **_identity(node), **counts, **last})


def _identity(node: "GpuNode") -> Mapping[str, int]:
    address, pci = node.gpu.spec.address, node.gpu.spec.profile.pci
    domain, bus = int(address[:4], 16), int(address[5:7], 16)
    device, function = int(address[8:10], 16), int(address[11], 16)
    location = bus << 8 | device << 3 | function
    # kfd_topology_add_device: the upper four bits number the partitions of one GPU.
    if node.partitions > 1:
        location |= node.partition << 28
    return {
        "vendor_id": int(pci.vendor, 16),
        "device_id": int(pci.device, 16),
        "location_id": location,
        "domain": domain,
    }
