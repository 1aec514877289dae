"""What NVML tells of a node is what its machine file and state say."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from drawplate.emulators.tests.nvml.ground import Emulated


def test_devices_are_those_of_the_machine_in_the_order_of_their_addresses(
    node: Emulated, nvml: ModuleType
) -> None:
    handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
    specs = sorted((one.spec for one in node.state.devices("gpu")), key=lambda it: it.address)

    assert [nvml.nvmlDeviceGetUUID(one) for one in handles] == [it.uuid for it in specs]
    assert [nvml.nvmlDeviceGetSerial(one) for one in handles] == [it.serial for it in specs]
    assert [nvml.nvmlDeviceGetMinorNumber(one) for one in handles] == [it.index for it in specs]
    assert [nvml.nvmlDeviceGetPciInfo(one).busId for one in handles] == [
        f"0000{it.address}".upper() for it in specs
    ]
    assert {nvml.nvmlDeviceGetName(one) for one in handles} == {"NVIDIA H100 80GB HBM3"}


def test_versions_are_those_of_the_machine(node: Emulated, nvml: ModuleType) -> None:
    assert nvml.nvmlSystemGetDriverVersion() == node.state.node.machine.driver["nvidia"]
    assert nvml.nvmlSystemGetCudaDriverVersion() == 13000
    assert nvml.nvmlSystemGetNVMLVersion().endswith(nvml.nvmlSystemGetDriverVersion())


def test_pci_ids_have_the_vendor_in_the_low_half(nvml: ModuleType) -> None:
    pci = nvml.nvmlDeviceGetPciInfo(nvml.nvmlDeviceGetHandleByIndex(0))

    assert (pci.domain, pci.bus, pci.device) == (0, 0x1B, 0)
    assert pci.pciDeviceId == 0x2330_10DE
    assert pci.busIdLegacy == "0000:1B:00.0"


def test_memory_adds_up_in_both_versions(node: Emulated, nvml: ModuleType) -> None:
    node.set("gpu0", memory__used=1024)
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    old = nvml.nvmlDeviceGetMemoryInfo(handle)
    new = nvml.nvmlDeviceGetMemoryInfo(handle, version=nvml.nvmlMemory_v2)

    assert old.total == old.free + old.used == 81559 << 20
    assert new.total == new.reserved + new.free + new.used
    assert new.used == 1024 << 20
    assert old.used == new.used + new.reserved
    assert old.free == new.free


def test_memory_that_exceeds_the_board_never_makes_free_memory_negative(
    node: Emulated, nvml: ModuleType
) -> None:
    node.set("gpu0", memory__used=10**6)

    assert nvml.nvmlDeviceGetMemoryInfo(nvml.nvmlDeviceGetHandleByIndex(0)).free == 0


@pytest.mark.parametrize(
    "text",
    ["0000:1b:00.0", "00000000:1B:00.0", "0000:1B:00.0", "1b:00.0", "0:1b:0.0", "00000000:1b:00"],
)
def test_bus_ids_are_found_in_any_width_and_case(nvml: ModuleType, text: str) -> None:
    assert nvml.nvmlDeviceGetIndex(nvml.nvmlDeviceGetHandleByPciBusId(text)) == 0


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("0000:1b:00.1", "NVMLError_NotFound"),
        ("0000:77:00.0", "NVMLError_NotFound"),
        ("", "NVMLError_InvalidArgument"),
        ("gpu", "NVMLError_InvalidArgument"),
        ("0000:1b:00.0 ", "NVMLError_InvalidArgument"),
        ("1:2:3:4:5", "NVMLError_InvalidArgument"),
    ],
)
def test_bus_ids_that_are_none_are_refused(nvml: ModuleType, text: str, error: str) -> None:
    with pytest.raises(nvml.NVMLError) as raised:
        nvml.nvmlDeviceGetHandleByPciBusId(text)

    assert type(raised.value).__name__ == error


def test_uuids_are_found_in_any_case(node: Emulated, nvml: ModuleType) -> None:
    uuid = node.gpu(3).spec.uuid

    for text in (uuid, uuid.upper(), uuid.lower()):
        assert nvml.nvmlDeviceGetUUID(nvml.nvmlDeviceGetHandleByUUID(text)) == uuid
    with pytest.raises(nvml.NVMLError_NotFound):
        nvml.nvmlDeviceGetHandleByUUID("GPU-0")


def test_a_change_is_seen_as_soon_as_it_is_made(node: Emulated, nvml: ModuleType) -> None:
    handle = nvml.nvmlDeviceGetHandleByIndex(5)
    node.set(
        "gpu5",
        temperature__gpu=77,
        power__usage=512_345,
        clocks__sm=1234,
        utilisation__gpu=88,
        utilisation__memory=44,
        link__width=4,
        link__speed="8.0 GT/s PCIe",
    )

    assert nvml.nvmlDeviceGetTemperature(handle, 0) == 77
    assert nvml.nvmlDeviceGetPowerUsage(handle) == 512_345
    assert nvml.nvmlDeviceGetClockInfo(handle, nvml.NVML_CLOCK_SM) == 1234
    assert nvml.nvmlDeviceGetUtilizationRates(handle).gpu == 88
    assert nvml.nvmlDeviceGetUtilizationRates(handle).memory == 44
    assert nvml.nvmlDeviceGetCurrPcieLinkWidth(handle) == 4
    assert nvml.nvmlDeviceGetCurrPcieLinkGeneration(handle) == 3


def test_what_a_board_does_not_have_is_not_supported(emulate: Callable[[str], Emulated]) -> None:
    nvml = emulate("edge-t4").bind()
    handle = nvml.nvmlDeviceGetHandleByIndex(0)

    assert nvml.nvmlDeviceGetName(handle) == "Tesla T4"
    info = nvml.c_nvmlGpuFabricInfo_v3_t()
    info.version = nvml.nvmlGpuFabricInfo_v3
    for call, *arguments in (
        (nvml.nvmlDeviceGetMigMode,),
        (nvml.nvmlDeviceGetFanSpeed,),
        (nvml.nvmlDeviceGetRemappedRows,),
        (nvml.nvmlDeviceGetAddressingMode,),
        (nvml.nvmlDeviceGetGpuFabricInfoV, nvml.byref(info)),
    ):
        with pytest.raises(nvml.NVMLError_NotSupported):
            call(handle, *arguments)


def test_memory_errors_are_counted_by_place(node: Emulated, nvml: ModuleType) -> None:
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    node.set("gpu0", ecc__volatile__uncorrected={"device_memory": 3, "sram": 2})

    assert nvml.nvmlDeviceGetTotalEccErrors(handle, 1, 0) == 5
    assert (
        nvml.nvmlDeviceGetMemoryErrorCounter(handle, 1, 0, nvml.NVML_MEMORY_LOCATION_DEVICE_MEMORY)
        == 3
    )
    assert nvml.nvmlDeviceGetMemoryErrorCounter(handle, 1, 0, nvml.NVML_MEMORY_LOCATION_SRAM) == 2
    assert nvml.nvmlDeviceGetTotalEccErrors(handle, 1, 1) == 0
    assert nvml.nvmlDeviceGetTotalEccErrors(handle, 0, 0) == 0


def test_field_values_tell_the_same_and_say_which_they_do_not_know(
    node: Emulated, nvml: ModuleType
) -> None:
    node.set("gpu0", rows__pending=True, recovery_action=1, temperature__memory=61)
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    found = nvml.nvmlDeviceGetFieldValues(
        handle,
        [
            nvml.NVML_FI_DEV_REMAPPED_PENDING,
            nvml.NVML_FI_DEV_GET_GPU_RECOVERY_ACTION,
            nvml.NVML_FI_DEV_MEMORY_TEMP,
            (nvml.NVML_FI_DEV_NVLINK_GET_STATE, 17),
            (nvml.NVML_FI_DEV_NVLINK_GET_STATE, 18),
            nvml.NVML_FI_DEV_RETIRED_PENDING,
            99999,
        ],
    )

    assert [one.nvmlReturn for one in found] == [0, 0, 0, 0, 2, 3, 2]
    assert [one.value.uiVal for one in found[:4]] == [1, 1, 61, 1]


@pytest.mark.parametrize("machine", ["dgx-a100", "dgx-h100", "hgx-b200"])
def test_switches_are_where_no_gpu_is(emulate: Callable[[str], Emulated], machine: str) -> None:
    nvml = emulate(machine).bind()
    gpus = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]

    switches = {nvml.nvmlDeviceGetNvLinkRemotePciInfo(gpus[0], i).bus for i in range(12)}

    assert len(switches) == 4
    assert switches.isdisjoint({nvml.nvmlDeviceGetPciInfo(one).bus for one in gpus})


def test_links_that_are_down_and_links_that_are_none_differ(
    node: Emulated, nvml: ModuleType
) -> None:
    node.set("gpu0", nvlink__down=[2], nvlink__errors={"3": {"replay": 9}})
    handle = nvml.nvmlDeviceGetHandleByIndex(0)

    assert [nvml.nvmlDeviceGetNvLinkState(handle, link) for link in (1, 2)] == [1, 0]
    assert nvml.nvmlDeviceGetNvLinkErrorCounter(handle, 3, 0) == 9
    assert nvml.nvmlDeviceGetNvLinkRemoteDeviceType(handle, 0) == 2
    with pytest.raises(nvml.NVMLError_InvalidArgument):
        nvml.nvmlDeviceGetNvLinkState(handle, 18)


def test_the_fabric_is_told_in_the_version_that_is_asked_for(
    node: Emulated, nvml: ModuleType
) -> None:
    node.set("gpu0", fabric__cluster_uuid="11111111-2222-3333-4444-555555555555", fabric__clique=7)
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    info = nvml.c_nvmlGpuFabricInfo_v2_t()
    info.version = nvml.nvmlGpuFabricInfo_v2
    nvml.nvmlDeviceGetGpuFabricInfoV(handle, nvml.byref(info))

    assert (info.state, info.status, info.cliqueId) == (3, 0, 7)
    assert bytes(info.clusterUuid).startswith(b"\x11\x11\x11\x11\x22\x22")


def test_neighbours_are_told_by_what_connects_them(nvml: ModuleType) -> None:
    handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(8)]
    level = nvml.nvmlDeviceGetTopologyCommonAncestor

    assert level(handles[0], handles[0]) == nvml.NVML_TOPOLOGY_INTERNAL
    assert level(handles[0], handles[1]) == nvml.NVML_TOPOLOGY_SINGLE
    assert level(handles[0], handles[2]) == nvml.NVML_TOPOLOGY_NODE
    assert level(handles[0], handles[7]) == nvml.NVML_TOPOLOGY_SYSTEM
    assert nvml.nvmlDeviceGetCpuAffinity(handles[7], 4)[0] == 0xFF << 56


def test_sixteen_gpus_are_sixteen(emulate: Callable[[str], Emulated]) -> None:
    emulated = emulate("hgx-2")
    nvml = emulated.bind()

    assert nvml.nvmlDeviceGetCount() == 16
    assert (
        len({nvml.nvmlDeviceGetUUID(nvml.nvmlDeviceGetHandleByIndex(i)) for i in range(16)}) == 16
    )


def test_as_many_gpus_as_the_pages_hold(emulate: Callable[[str], Emulated], tmp_path: Path) -> None:
    places = [f"0000:{64 * (one // 16) + 1 + one % 16:02x}:00.0" for one in range(64)]
    machine = {
        "machine": "big",
        "numa": {"nodes": 1},
        "pci": [{"root": f"pci0000:{64 * one:02x}", "numa": 0} for one in range(4)],
        "devices": [
            {"kind": "nvidia-gpu", "profile": "l4-24gb", "count": 64, "at": places},
        ],
        "driver": {"nvidia": "580.95.05", "cuda": "13.0"},
    }
    path = tmp_path / "big.yaml"
    path.write_text(yaml.safe_dump(machine), encoding="utf-8")
    nvml = emulate(str(path)).bind()

    assert nvml.nvmlDeviceGetCount() == 64
    assert nvml.nvmlDeviceGetMinorNumber(nvml.nvmlDeviceGetHandleByIndex(63)) == 63


def test_answers_of_the_long_tail_come_from_data(node: Emulated, nvml: ModuleType) -> None:
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    with pytest.raises(nvml.NVMLError_NotSupported):
        nvml.nvmlDeviceGetIrqNum(handle)
    node.set(
        "gpu0",
        answers={
            "nvmlDeviceGetIrqNum": {"give": {"irqNum": 131}},
            "nvmlDeviceGetMemClkVfOffset": {"result": "GPU_IS_LOST"},
        },
    )

    assert nvml.nvmlDeviceGetIrqNum(handle) == 131
    with pytest.raises(nvml.NVMLError_GpuIsLost):
        nvml.nvmlDeviceGetMemClkVfOffset(handle)
    with pytest.raises(nvml.NVMLError_NotSupported):
        nvml.nvmlDeviceGetIrqNum(nvml.nvmlDeviceGetHandleByIndex(1))


def test_metrics_are_told_of_the_time_between_two_samples(node: Emulated, nvml: ModuleType) -> None:
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    assert nvml.nvmlGpmQueryDeviceSupport(handle).isSupportedDevice
    first, second = nvml.nvmlGpmSampleAlloc(), nvml.nvmlGpmSampleAlloc()
    nvml.nvmlGpmSampleGet(handle, first)
    node.set("gpu0", utilisation__gpu=80, nvlink__throughput__tx=1 << 30)
    nvml.nvmlGpmSampleGet(handle, second)
    get = nvml.c_nvmlGpmMetricsGet_t()
    get.version, get.numMetrics = nvml.NVML_GPM_METRICS_GET_VERSION, 4
    get.sample1, get.sample2 = first, second
    for place, number in enumerate((2, 61, 60, 3)):
        get.metrics[place].metricId = number
    nvml.nvmlGpmMetricsGet(get)

    assert [one.nvmlReturn for one in get.metrics[:4]] == [0, 0, 0, 3]
    assert get.metrics[0].value == 40
    assert get.metrics[1].value > 0
    assert get.metrics[2].value == 0
    nvml.nvmlGpmSampleFree(first)
    with pytest.raises(nvml.NVMLError_InvalidArgument):
        nvml.nvmlGpmSampleGet(handle, first)


def test_a_value_of_no_use_leaves_what_was_shown_and_everything_else(
    node: Emulated, nvml: ModuleType
) -> None:
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    node.set("gpu0", processes=[{"nobody": 1}], nvlink__errors=[], temperature__gpu=44)

    assert nvml.nvmlDeviceGetComputeRunningProcesses_v3(handle) == []
    assert nvml.nvmlDeviceGetTemperature(handle, 0) == 44
    assert node.pages.seen == node.state.generation
