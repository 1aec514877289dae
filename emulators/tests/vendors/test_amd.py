"""AMD: partitions with the kernel's rules, and a topology that agrees with DRM and PCI."""

import struct
from collections.abc import Callable

import pytest

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.sysfs.kfd_properties import cpu_properties
from drawplate.emulators.tests.vendors.showing import Show, Shown, names, resolve
from drawplate.emulators.tree.model import File, Tree

GPU = "/bus/pci/devices/0000:05:00.0"
NODES = "/class/kfd/kfd/topology/nodes"


def properties(shown: Shown, tree: Tree, node: int | str) -> dict[str, int]:
    text = shown.read(tree, f"{NODES}/{node}/properties")
    return {key: int(value) for key, value in (line.split() for line in text.splitlines())}


def gpu_nodes(shown: Shown, tree: Tree) -> dict[int, dict[str, int]]:
    numbers = sorted(int(name) for name in names(tree, NODES))
    found = {number: properties(shown, tree, number) for number in numbers}
    return {number: it for number, it in found.items() if it["simd_count"]}


def refusal(action: Callable[..., object], *arguments: object) -> Reason:
    with pytest.raises(Refused) as refused:
        action(*arguments)
    return refused.value.reason


def test_the_driver_folder_leads_to_the_gpus(show: Show) -> None:
    shown = show("mi300x")
    tree = shown.sys()
    drivers = "/module/amdgpu/drivers/pci:amdgpu"

    gpus = [name for name in names(tree, drivers) if name.startswith("0000:")]
    assert len(gpus) == 8
    assert shown.read(tree, f"{drivers}/0000:05:00.0/current_compute_partition") == "SPX\n"
    assert shown.read(tree, f"{drivers}/0000:05:00.0/numa_node") == "0\n"
    assert names(tree, f"{drivers}/0000:05:00.0/drm") == ["card1", "renderD128"]
    assert shown.read(tree, "/class/drm/card1/device/driver/module/version") == "6.12.12\n"
    assert shown.read(tree, "/class/drm/card1/device/product_name") == "AMD Instinct MI300X\n"


def test_eight_drm_devices_belong_to_each_gpu_whatever_the_mode(show: Show) -> None:
    tree = show("mi300x").sys()
    partitions = [name for name in names(tree, "/devices/platform") if "amdgpu_xcp_" in name]

    assert len(partitions) == 56
    # AMD's device plugin finds a partition's GPU by this arithmetic on the card's minor.
    minors = [
        int(name.removeprefix("card")) for name in names(tree, f"{GPU}/drm") if "card" in name
    ]
    assert minors == [1]
    assert names(tree, "/bus/pci/devices/0000:26:00.0/drm") == ["card9", "renderD136"]
    assert names(tree, "/devices/platform/amdgpu_xcp_0/drm") == ["card2", "renderD129"]


def test_a_whole_gpu_is_one_node_of_the_topology(show: Show) -> None:
    shown = show("mi300x")
    nodes = gpu_nodes(shown, tree := shown.sys())

    assert sorted(nodes) == list(range(2, 10))
    assert [it["drm_render_minor"] for it in nodes.values()] == list(range(128, 192, 8))
    first = nodes[2]
    assert first["simd_count"] // first["simd_per_cu"] == 304
    assert (first["num_xcc"], first["gfx_target_version"]) == (8, 90402)
    assert (first["vendor_id"], first["device_id"]) == (0x1002, 0x74A1)
    assert first["location_id"] == 0x0500
    unique = shown.read(tree, f"{GPU}/unique_id")
    assert int(unique, 16) == first["unique_id"]
    assert len({it["unique_id"] for it in nodes.values()}) == 8
    bank = shown.read(tree, f"{NODES}/2/mem_banks/0/properties")
    assert f"size_in_bytes {196592 << 20}\n" in bank
    assert len({shown.read(tree, f"{NODES}/{number}/gpu_id") for number in nodes}) == 8


@pytest.mark.parametrize(("mode", "count"), [("DPX", 2), ("QPX", 4), ("CPX", 8)])
def test_partitions_share_the_gpu_out(show: Show, mode: str, count: int) -> None:
    shown = show("mi300x")
    before = shown.read(shown.sys(), "/class/kfd/kfd/topology/generation_id")
    shown.write(shown.sys(), f"{GPU}/current_compute_partition", f"{mode}\n")
    tree = shown.sys()

    nodes = gpu_nodes(shown, tree)
    ours = [it for it in nodes.values() if it["location_id"] & 0xFFFF == 0x0500]

    assert shown.read(tree, f"{GPU}/current_compute_partition") == f"{mode}\n"
    assert len(nodes) == 7 + count
    assert [it["drm_render_minor"] for it in ours] == list(range(128, 128 + count))
    assert sum(it["simd_count"] for it in ours) == 304 * 4
    assert sum(it["num_xcc"] for it in ours) == 8
    assert {it["unique_id"] for it in ours} == {int(shown.read(tree, f"{GPU}/unique_id"), 16)}
    assert len({it["location_id"] for it in ours}) == count
    assert shown.read(tree, "/class/kfd/kfd/topology/generation_id") != before
    bank = shown.read(tree, f"{NODES}/2/mem_banks/0/properties")
    assert f"size_in_bytes {(196592 << 20) // count}\n" in bank


def test_counts_of_a_node_are_those_of_its_folders(show: Show) -> None:
    shown = show("mi300x")
    shown.write(shown.sys(), f"{GPU}/current_compute_partition", "CPX")
    tree = shown.sys()

    for node in names(tree, NODES):
        told = properties(shown, tree, node)
        for folder in ("mem_banks", "caches", "io_links", "p2p_links"):
            assert told[f"{folder}_count"] == len(names(tree, f"{NODES}/{node}/{folder}")), node


def test_modes_are_read_as_the_kernel_reads_them(show: Show) -> None:
    shown = show("mi300x")
    write = shown.write
    tree = shown.sys()
    path = f"{GPU}/current_compute_partition"

    write(tree, path, "cpx and more\n")
    assert shown.read(tree, path) == "CPX\n"
    assert refusal(write, tree, path, "TPX\n") is Reason.INVALID
    assert refusal(write, tree, path, "") is Reason.INVALID
    assert shown.read(tree, f"{GPU}/available_compute_partition") == "SPX, DPX, QPX, CPX\n"
    assert shown.read(tree, f"{GPU}/available_memory_partition") == "NPS1, NPS2, NPS4\n"


def test_a_gpu_in_use_keeps_its_partitions(show: Show) -> None:
    shown = show("mi300x")
    tree = shown.sys()
    path = f"{GPU}/current_compute_partition"
    with shown.state.change() as change:
        change.set("gpu0", "processes", [{"pid": 7, "name": "train", "used_mib": 100}])

    assert refusal(shown.write, tree, path, "CPX") is Reason.IN_USE
    # Asking for what is so already is no change.
    shown.write(tree, path, "SPX")
    assert shown.read(tree, path) == "SPX\n"


def test_memory_modes_wait_for_the_driver_and_are_the_whole_hives(show: Show) -> None:
    shown = show("mi300x")
    tree = shown.sys()
    shown.write(tree, f"{GPU}/current_memory_partition", "nps4")

    assert shown.read(tree, f"{GPU}/current_memory_partition") == "NPS1\n"
    for driver in ("", "amdgpu"):
        with shown.state.change() as change:
            for gpu in shown.state.devices("gpu"):
                change.set(gpu, "pci.driver", driver)
    tree = shown.sys()

    for gpu in shown.state.devices("gpu"):
        folder = f"/bus/pci/devices/{gpu.spec.address}"
        assert shown.read(tree, f"{folder}/current_memory_partition") == "NPS4\n"
        assert shown.read(tree, f"{folder}/current_compute_partition") == "CPX\n"
    path = f"{GPU}/current_compute_partition"
    assert refusal(shown.write, tree, path, "SPX") is Reason.INVALID
    assert refusal(shown.write, tree, f"{GPU}/current_memory_partition", "NPS8") is Reason.INVALID


def test_links_lead_to_every_other_gpu_of_the_hive(show: Show) -> None:
    shown = show("mi300x")
    tree = shown.sys()
    links = [
        dict(
            line.split()
            for line in shown.read(tree, f"{NODES}/2/io_links/{n}/properties").splitlines()
        )
        for n in names(tree, f"{NODES}/2/io_links")
    ]

    to_cpu = [link for link in links if link["type"] == "2"]
    assert [link["node_to"] for link in to_cpu] == ["0"]
    assert {link["node_to"] for link in links if link["type"] == "11"} == {
        str(n) for n in range(3, 10)
    }


def test_an_unplugged_gpu_leaves_the_topology(show: Show) -> None:
    shown = show("mi300x")
    with shown.state.change() as change:
        change.unplug("gpu0")
    nodes = gpu_nodes(shown, shown.sys())

    assert len(nodes) == 7
    assert 128 not in {it["drm_render_minor"] for it in nodes.values()}


def test_sensors_and_loads_are_live(show: Show) -> None:
    shown = show("mi300x")
    tree = shown.sys()
    with shown.state.change() as change:
        change.update("gpu0", {"utilisation.gpu": 93, "memory.used": 1024, "temperature.gpu": 71})
        change.set("gpu0", "ras.errors", {"umc": {"ue": 1, "ce": 12}})
    hwmon = f"{GPU}/hwmon/{names(tree, f'{GPU}/hwmon')[0]}"

    assert shown.read(tree, f"{GPU}/gpu_busy_percent") == "93\n"
    assert shown.read(tree, f"{GPU}/mem_info_vram_used") == f"{1 << 30}\n"
    assert shown.read(tree, f"{hwmon}/temp2_input") == "71000\n"
    assert shown.read(tree, f"{GPU}/ras/umc_err_count") == "ue: 1\nce: 12\n"
    shown.write(tree, f"{hwmon}/power1_cap", "500000000\n")
    assert shown.read(tree, f"{hwmon}/power1_cap") == "500000000\n"
    assert refusal(shown.write, tree, f"{hwmon}/power1_cap", "900000000") is Reason.INVALID


def test_without_the_driver_only_the_pci_function_is_left(show: Show) -> None:
    shown = show("mi300x")
    with shown.state.change() as change:
        change.set("gpu0", "pci.driver", "")
    tree = shown.sys()

    assert shown.read(tree, f"{GPU}/vendor") == "0x1002\n"
    assert not {"drm", "current_compute_partition", "hwmon"} & set(names(tree, GPU))
    assert "amdgpu_xcp_0" not in names(tree, "/devices/platform")


def test_the_metrics_table_has_the_drivers_layout(show: Show) -> None:
    shown = show("mi300x")
    with shown.state.change() as change:
        change.update("gpu0", {"temperature.gpu": 66, "power.usage": 412000})
    entry = (tree := shown.sys()).find(resolve(tree, f"{GPU}/gpu_metrics"))
    assert isinstance(entry, File)
    table = entry.read()

    # Offsets of struct gpu_metrics_v1_4.
    assert len(table) == 288
    assert struct.unpack_from("<HBB", table) == (288, 1, 4)
    assert struct.unpack_from("<H", table, 4) == (66,)
    assert struct.unpack_from("<H", table, 10) == (412,)
    assert struct.unpack_from("<HH", table, 48) == (16, 320)
    assert struct.unpack_from("<8H", table, 240) == (132,) * 8
    assert struct.unpack_from("<H", table, 280) == (900,)


def test_programs_are_listed_with_the_memory_they_hold(show: Show) -> None:
    shown = show("mi300x")
    shown.write(shown.sys(), f"{GPU}/current_compute_partition", "DPX")
    with shown.state.change() as change:
        programs = [{"pid": 7, "used_mib": 100, "gi": 1}, {"pid": 8, "used_mib": 3}]
        change.set("gpu0", "processes", programs)
    tree = shown.sys()
    proc = "/class/kfd/kfd/proc"
    first, second = (shown.read(tree, f"{NODES}/{node}/gpu_id").strip() for node in (2, 3))

    assert names(tree, proc) == ["7", "8"]
    assert shown.read(tree, f"{proc}/7/vram_{second}") == f"{100 << 20}\n"
    assert shown.read(tree, f"{proc}/7/vram_{first}") == "0\n"
    assert shown.read(tree, f"{proc}/8/vram_{first}") == f"{3 << 20}\n"
    with shown.state.change() as change:
        change.set("gpu0", "processes", [])
    assert not names(shown.sys(), proc)


def test_a_memory_node_may_have_no_processors() -> None:
    text = cpu_properties([], {"io_links_count": 1})

    assert text.startswith("cpu_cores_count 0\nsimd_count 0\nmem_banks_count 1\n")
    assert "io_links_count 1\n" in text
