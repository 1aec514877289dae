"""What a driver does with MIG, through nvidia-ml-py; run by test_through_nvml.py."""

from collections.abc import Callable
from typing import Any

import pynvml as n

n.nvmlInit()
gpu = n.nvmlDeviceGetHandleByIndex(0)
assert n.nvmlDeviceGetMigMode(gpu) == [0, 0]
n.nvmlDeviceSetMigMode(gpu, 1)
assert n.nvmlDeviceGetMigMode(gpu) == [1, 1]

profile = n.nvmlDeviceGetGpuInstanceProfileInfo(gpu, n.NVML_GPU_INSTANCE_PROFILE_3_SLICE)
assert n.nvmlDeviceGetGpuInstanceRemainingCapacity(gpu, profile.id) == 2
gi = n.nvmlDeviceCreateGpuInstance(gpu, profile.id)
gi_info = n.nvmlGpuInstanceGetInfo(gi)
assert (gi_info.placement.start, gi_info.placement.size) == (4, 4)
assert n.nvmlDeviceGetGpuInstanceRemainingCapacity(gpu, profile.id) == 1

whole = n.nvmlGpuInstanceGetComputeInstanceProfileInfo(gi, 2, 0)
ci = n.nvmlGpuInstanceCreateComputeInstance(gi, whole.id)
info = n.nvmlComputeInstanceGetInfo(ci)
mig = n.nvmlDeviceGetMigDeviceHandleByIndex(gpu, 0)
uuid = n.nvmlDeviceGetUUID(mig)
assert uuid.startswith("MIG-")
assert n.nvmlDeviceGetUUID(info.device) == uuid
assert n.nvmlDeviceGetGpuInstanceId(mig) == gi_info.id
assert n.nvmlDeviceGetName(n.nvmlDeviceGetHandleByUUID(uuid)) == n.nvmlDeviceGetName(mig)
attributes = n.nvmlDeviceGetAttributes(mig)
assert attributes.memorySizeMB == profile.memorySizeMB
assert attributes.multiprocessorCount == whole.multiprocessorCount
assert attributes.gpuInstanceSliceCount == 3


def refused(call: Callable[..., Any], *arguments: Any) -> int:
    """Give the code with which a call is refused, or 0."""
    try:
        call(*arguments)
    except n.NVMLError as error:
        return int(error.value)
    return 0


assert refused(n.nvmlGpuInstanceDestroy, gi) == n.NVML_ERROR_IN_USE
assert refused(n.nvmlDeviceCreateGpuInstance, gpu, 0) == n.NVML_ERROR_INSUFFICIENT_RESOURCES
n.nvmlComputeInstanceDestroy(ci)
n.nvmlGpuInstanceDestroy(gi)
assert refused(n.nvmlDeviceGetUUID, mig) == n.NVML_ERROR_INVALID_ARGUMENT
assert refused(n.nvmlGpuInstanceGetInfo, gi) != 0
n.nvmlDeviceSetMigMode(gpu, 0)
assert n.nvmlDeviceGetMigMode(gpu) == [0, 0]
