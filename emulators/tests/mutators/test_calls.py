"""What the functions of NVML that change hardware do, and what they refuse."""

import struct
from collections.abc import Callable
from typing import Any

import pytest

from drawplate.emulators.nvml.mutators.calls import MUTATORS
from drawplate.emulators.nvml.table import functions
from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State
from drawplate.emulators.tests.mutators.conftest import ADDRESS, Library

INVALID, NOT_SUPPORTED, NO_PERMISSION, NOT_FOUND = 2, 3, 4, 6
LOST, RESET_REQUIRED, IN_USE, NO_CAPACITY = 15, 16, 19, 23


@pytest.mark.parametrize(
    ("name", "arguments", "effect"),
    [
        ("nvmlDeviceSetComputeMode", (3,), ("compute_mode", 3)),
        ("nvmlDeviceSetPersistenceMode", (0,), ("persistence", 0)),
        ("nvmlDeviceSetEccMode", (0,), ("ecc.pending", 0)),
        ("nvmlDeviceSetAccountingMode", (1,), ("accounting.mode", 1)),
        ("nvmlDeviceSetPowerManagementLimit", (250000,), ("power.limit", 250000)),
        ("nvmlDeviceSetPowerManagementLimit", (250000,), ("power.enforced", 250000)),
        (
            "nvmlDeviceSetPowerManagementLimit_v2",
            ({"version": 2, "powerScope": 0, "powerValueMw": 150000},),
            ("power.limit", 150000),
        ),
        ("nvmlDeviceSetGpuLockedClocks", (300, 900), ("clocks.locked.graphics", [300, 900])),
        ("nvmlDeviceSetGpuLockedClocks", (300, 900), ("clocks.graphics", 300)),
        (
            "nvmlDeviceSetGpuLockedClocks",
            (2**32 - 254, 2**32 - 254),
            ("clocks.locked.graphics", None),
        ),
        ("nvmlDeviceSetMemoryLockedClocks", (1593, 1593), ("clocks.locked.memory", [1593, 1593])),
        ("nvmlDeviceSetApplicationsClocks", (1593, 1200), ("clocks.application.graphics", 1200)),
        ("nvmlDeviceSetAPIRestriction", (0, 0), ("restriction.applications_clocks", False)),
        ("nvmlDeviceSetFanSpeed_v2", (1, 70), ("fan.speed", 70)),
        ("nvmlDeviceSetFanSpeed_v2", (1, 70), ("fan.policy", 1)),
        ("nvmlDeviceSetMigMode", (1,), ("mig.mode", 1)),
    ],
)
def test_what_is_set_is_in_the_state(
    library: Library, gpu: Device, name: str, arguments: tuple[Any, ...], effect: tuple[str, Any]
) -> None:
    key, value = effect

    assert library.call(name, *arguments)[0] == 0
    assert gpu[key] == value


@pytest.mark.parametrize(
    ("name", "arguments", "code"),
    [
        ("nvmlDeviceSetComputeMode", (1,), INVALID),
        ("nvmlDeviceSetComputeMode", (9,), INVALID),
        ("nvmlDeviceSetPersistenceMode", (2,), INVALID),
        ("nvmlDeviceSetPowerManagementLimit", (99999,), INVALID),
        ("nvmlDeviceSetPowerManagementLimit", (400001,), INVALID),
        ("nvmlDeviceSetGpuLockedClocks", (900, 300), INVALID),
        ("nvmlDeviceSetGpuLockedClocks", (300, 9000), INVALID),
        ("nvmlDeviceSetGpuLockedClocks", (300, 2**32 - 254), INVALID),
        ("nvmlDeviceSetApplicationsClocks", (1000, 1200), INVALID),
        ("nvmlDeviceSetFanSpeed_v2", (2, 70), INVALID),
        ("nvmlDeviceSetFanSpeed_v2", (0, 101), INVALID),
        ("nvmlDeviceSetAPIRestriction", (7, 0), INVALID),
        ("nvmlDeviceSetAutoBoostedClocksEnabled", (1,), NOT_SUPPORTED),
        ("nvmlDeviceSetTemperatureThreshold", (0, 80), NOT_SUPPORTED),
        ("nvmlDeviceSetTemperatureThreshold", (99, 80), INVALID),
        ("nvmlDeviceResetNvLinkErrorCounters", (12,), INVALID),
        ("nvmlDeviceSetDriverModel", (1, 0), NOT_SUPPORTED),
        ("nvmlDeviceSetVirtualizationMode", (1,), NOT_SUPPORTED),
        ("nvmlDeviceCreateGpuInstance", (9,), NOT_SUPPORTED),
        ("nvmlDeviceRemoveGpu", (ADDRESS,), INVALID),
    ],
)
def test_what_the_header_refuses_is_refused(
    library: Library, state: State, name: str, arguments: tuple[Any, ...], code: int
) -> None:
    before = state.generation

    assert library.call(name, *arguments)[0] == code
    assert state.generation == before


@pytest.mark.parametrize("name", sorted(MUTATORS))
def test_only_root_changes_hardware(library: Library, state: State, name: str) -> None:
    library.uid = 1000
    before = state.generation

    assert library.call(name)[0] == NO_PERMISSION or "AutoBoosted" in name
    assert state.generation == before


def test_root_can_open_application_clocks_to_all(library: Library) -> None:
    library.call("nvmlDeviceSetAPIRestriction", 0, 0)
    library.uid = 1000

    assert library.call("nvmlDeviceSetApplicationsClocks", 1593, 1200)[0] == 0


def test_ecc_counts_are_cleared_by_kind(
    library: Library, gpu: Device, put: Callable[..., None]
) -> None:
    put(ecc__volatile__corrected={"sram": 3}, ecc__aggregate__corrected={"sram": 5})

    assert library.call("nvmlDeviceClearEccErrorCounts", 0)[0] == 0
    assert (gpu["ecc.volatile.corrected"], gpu["ecc.aggregate.corrected"]) == ({}, {"sram": 5})


def test_link_errors_are_cleared_by_link(
    library: Library, gpu: Device, put: Callable[..., None]
) -> None:
    put(nvlink__errors={"3": {"replay": 1}, "4": {"replay": 2}})

    assert library.call("nvmlDeviceResetNvLinkErrorCounters", 3)[0] == 0
    assert gpu["nvlink.errors"] == {"4": {"replay": 2}}


def test_partitions_are_made_and_ended(library: Library, gpu: Device) -> None:
    library.call("nvmlDeviceSetMigMode", 1)
    code, made = library.call("nvmlDeviceCreateGpuInstance", 9)
    gi = struct.unpack("<I", made)[0]
    inside = library.call("nvmlGpuInstanceCreateComputeInstance", 2, gi=gi)

    assert (code, inside) == (0, (0, struct.pack("<II", gi, 0)))
    assert library.call("nvmlGpuInstanceDestroy", gi=gi)[0] == IN_USE
    assert library.call("nvmlComputeInstanceDestroy", gi=gi, ci=0)[0] == 0
    assert library.call("nvmlGpuInstanceDestroy", gi=gi)[0] == 0
    assert library.call("nvmlGpuInstanceDestroy", gi=gi)[0] == NOT_FOUND
    assert gpu["mig.instances"] == []


def test_a_partition_is_made_where_it_is_wanted(library: Library, gpu: Device) -> None:
    library.call("nvmlDeviceSetMigMode", 1)
    name = "nvmlDeviceCreateGpuInstanceWithPlacement"

    assert library.call(name, 9, {"start": 0, "size": 4})[0] == 0
    assert library.call(name, 9, {"start": 0, "size": 4})[0] == NO_CAPACITY
    assert library.call(name, 9, {"start": 1, "size": 4})[0] == INVALID
    assert [one["start"] for one in gpu["mig.instances"]] == [0]


def test_a_busy_gpu_tells_why_mig_waits(library: Library, put: Callable[..., None]) -> None:
    put(processes=[{"pid": 1}])

    assert library.call("nvmlDeviceSetMigMode", 1) == (0, struct.pack("<I", IN_USE))


def test_in_mig_mode_the_whole_gpu_has_no_compute_mode(library: Library) -> None:
    library.call("nvmlDeviceSetMigMode", 1)

    assert library.call("nvmlDeviceSetComputeMode", 3)[0] == NOT_SUPPORTED


def test_a_drained_gpu_leaves_and_comes_back(library: Library, gpu: Device) -> None:
    assert library.call("nvmlDeviceModifyDrainState", ADDRESS, 1)[0] == 0
    assert library.call("nvmlDeviceRemoveGpu", ADDRESS)[0] == IN_USE
    library.call("nvmlDeviceSetPersistenceMode", 0)
    assert library.call("nvmlDeviceRemoveGpu", ADDRESS)[0] == 0
    assert not gpu.present
    assert library.call("nvmlDeviceSetPersistenceMode", 0)[0] == LOST

    assert library.call("nvmlDeviceDiscoverGpus", ADDRESS)[0] == 0
    assert gpu.present


def test_a_lost_gpu_cannot_be_set(library: Library, put: Callable[..., None]) -> None:
    put(lost=True)

    assert library.call("nvmlDeviceSetPersistenceMode", 0)[0] == LOST


def test_every_mutator_is_a_function_of_nvml_that_takes_what_it_uses(
    library: Library, state: State
) -> None:
    for name in MUTATORS:
        assert name in functions()
        # An argument that the table calls otherwise would be told as the daemon's own fault.
        assert library.call(name)[0] != 999, name
