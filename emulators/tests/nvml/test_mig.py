"""Partitions through NVML, made by its own calls and seen through all of them."""

import ctypes
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from drawplate.emulators.nvml.layout import data
from drawplate.emulators.tests.nvml.ground import Emulated

ONE_SLICE, THREE_SLICES = 0, 2
NONE = 0xFFFFFFFF


@pytest.fixture
def gpu(nvml: ModuleType) -> Any:
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    nvml.nvmlDeviceSetMigMode(handle, 1)
    return handle


@pytest.fixture
def mig(nvml: ModuleType, gpu: Any) -> Any:
    """Make a GPU instance of three slices with a compute instance in it."""
    profile = nvml.nvmlDeviceGetGpuInstanceProfileInfo(gpu, THREE_SLICES, version=2)
    instance = nvml.nvmlDeviceCreateGpuInstance(gpu, profile.id)
    whole = nvml.nvmlGpuInstanceGetComputeInstanceProfileInfo(instance, THREE_SLICES, 0, version=2)
    nvml.nvmlGpuInstanceCreateComputeInstance(instance, whole.id)
    return nvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, 0)


def test_the_mode_changes_at_once_on_hopper_and_later_on_ampere(
    emulate: Callable[[str], Emulated], nvml: ModuleType, gpu: Any
) -> None:
    assert nvml.nvmlDeviceGetMigMode(gpu) == [1, 1]
    nvml = emulate("dgx-a100").bind()
    older = nvml.nvmlDeviceGetHandleByIndex(0)
    nvml.nvmlDeviceSetMigMode(older, 1)

    assert nvml.nvmlDeviceGetMigMode(older) == [0, 1]


def test_profiles_have_the_numbers_of_the_board(nvml: ModuleType, gpu: Any) -> None:
    profile = nvml.nvmlDeviceGetGpuInstanceProfileInfo(gpu, ONE_SLICE, version=2)

    assert (profile.id, profile.sliceCount, profile.instanceCount) == (19, 1, 7)
    assert profile.memorySizeMB == 9984
    # Nothing is offered beyond the board's profiles, and no number is beyond the header's.
    with pytest.raises(nvml.NVMLError_InvalidArgument):
        nvml.nvmlDeviceGetGpuInstanceProfileInfo(gpu, 18, version=2)


def test_placements_are_those_of_the_geometry(node: Emulated, gpu: Any) -> None:
    library = ctypes.CDLL(str(node.library))
    count = ctypes.c_uint(0)
    assert (
        library.nvmlDeviceGetGpuInstancePossiblePlacements_v2(gpu, 9, None, ctypes.byref(count))
        == 0
    )
    places = (ctypes.c_uint * (2 * count.value))()
    assert (
        library.nvmlDeviceGetGpuInstancePossiblePlacements_v2(gpu, 9, places, ctypes.byref(count))
        == 0
    )

    assert list(places) == [0, 4, 4, 4]


def test_a_mig_device_is_a_device_with_a_share(
    node: Emulated, nvml: ModuleType, gpu: Any, mig: Any
) -> None:
    assert nvml.nvmlDeviceIsMigDeviceHandle(mig).value == 1
    assert nvml.nvmlDeviceIsMigDeviceHandle(gpu).value == 0
    assert nvml.nvmlDeviceGetUUID(mig) == node.gpu(0)["mig.instances"][0]["compute"][0]["uuid"]
    assert nvml.nvmlDeviceGetUUID(mig).startswith("MIG-")
    assert nvml.nvmlDeviceGetName(mig) == "NVIDIA H100 80GB HBM3 MIG 3g.40gb"
    attributes = nvml.nvmlDeviceGetAttributes_v2(mig)
    assert (attributes.gpuInstanceSliceCount, attributes.computeInstanceSliceCount) == (3, 3)
    assert nvml.nvmlDeviceGetMemoryInfo(mig).total == attributes.memorySizeMB << 20
    # Four of eight memory slices; nvidia-smi of a partitioned A100 shows 1 MiB less than the share.
    assert nvml.nvmlDeviceGetBAR1MemoryInfo(mig).bar1Total == (131072 // 2 - 1) << 20
    parent = nvml.nvmlDeviceGetDeviceHandleFromMigDeviceHandle(mig)
    assert nvml.nvmlDeviceGetUUID(parent) == node.gpu(0).spec.uuid
    with pytest.raises(nvml.NVMLError_NotFound):
        nvml.nvmlDeviceGetMigDeviceHandleByIndex(gpu, 1)


def test_mig_devices_are_found_by_both_forms_of_their_uuid(
    node: Emulated, nvml: ModuleType, mig: Any
) -> None:
    gi, ci = nvml.nvmlDeviceGetGpuInstanceId(mig), nvml.nvmlDeviceGetComputeInstanceId(mig)
    uuid = nvml.nvmlDeviceGetUUID(mig)

    for text in (uuid, f"MIG-{node.gpu(0).spec.uuid}/{gi}/{ci}"):
        assert nvml.nvmlDeviceGetUUID(nvml.nvmlDeviceGetHandleByUUID(text)) == uuid
    with pytest.raises(nvml.NVMLError_NotFound):
        nvml.nvmlDeviceGetHandleByUUID(f"MIG-{node.gpu(0).spec.uuid}/{gi}/{ci}0")


def test_processes_are_told_per_mig_device(
    node: Emulated, nvml: ModuleType, gpu: Any, mig: Any
) -> None:
    gi = nvml.nvmlDeviceGetGpuInstanceId(mig)
    base = {"pid": 4242, "name": "a", "type": "C", "used_mib": 100}
    node.set("gpu0", processes=[{**base, "gi": gi, "ci": 0}, {**base, "pid": 1, "gi": 9, "ci": 0}])

    own = nvml.nvmlDeviceGetComputeRunningProcesses_v3(mig)
    assert [(one.pid, one.gpuInstanceId, one.computeInstanceId) for one in own] == [(4242, gi, 0)]
    assert len(nvml.nvmlDeviceGetComputeRunningProcesses_v3(gpu)) == 2
    assert nvml.nvmlDeviceGetMemoryInfo(mig).used == 100 << 20


def test_utilisation_is_not_told_of_a_partitioned_gpu(nvml: ModuleType, gpu: Any, mig: Any) -> None:
    for handle in (gpu, mig):
        with pytest.raises(nvml.NVMLError_NotSupported):
            nvml.nvmlDeviceGetUtilizationRates(handle)


def test_instances_in_use_are_not_destroyed(nvml: ModuleType, gpu: Any, mig: Any) -> None:
    gi = nvml.nvmlDeviceGetGpuInstanceId(mig)
    instance = nvml.nvmlDeviceGetGpuInstanceById(gpu, gi)
    with pytest.raises(nvml.NVMLError_InUse):
        nvml.nvmlGpuInstanceDestroy(instance)

    nvml.nvmlComputeInstanceDestroy(nvml.nvmlGpuInstanceGetComputeInstanceById(instance, 0))
    with pytest.raises(nvml.NVMLError_InvalidArgument):
        nvml.nvmlDeviceGetName(mig)
    nvml.nvmlGpuInstanceDestroy(instance)
    with pytest.raises(nvml.NVMLError_InvalidArgument):
        nvml.nvmlGpuInstanceGetInfo(instance)


def test_a_full_board_has_no_room(nvml: ModuleType, gpu: Any) -> None:
    profile = nvml.nvmlDeviceGetGpuInstanceProfileInfo(gpu, ONE_SLICE, version=2).id
    made = [nvml.nvmlDeviceCreateGpuInstance(gpu, profile) for _ in range(7)]

    assert nvml.nvmlDeviceGetGpuInstanceRemainingCapacity(gpu, profile) == 0
    with pytest.raises(nvml.NVMLError_InsufficientResources):
        nvml.nvmlDeviceCreateGpuInstance(gpu, profile)
    infos = [nvml.nvmlGpuInstanceGetInfo(one) for one in made]
    assert {one.placement.start for one in infos} == set(range(7))
    assert {one.profileId for one in infos} == {profile}


def test_partitions_are_not_made_where_mig_is_off(node: Emulated, nvml: ModuleType) -> None:
    handle = nvml.nvmlDeviceGetHandleByIndex(1)

    with pytest.raises(nvml.NVMLError_NotSupported):
        nvml.nvmlDeviceCreateGpuInstance(handle, 19)
    assert nvml.nvmlDeviceGetMaxMigDeviceCount(handle) == 0
    assert data("events.yaml")["kinds"]["xid"]["type"] == 8
