"""Events reach the sets that asked for them, once, with the right ids."""

import threading
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from drawplate.emulators.tests.nvml.ground import Emulated

XID = 8
NONE = 0xFFFFFFFF


@pytest.fixture
def watch(nvml: ModuleType) -> Callable[..., Any]:
    """Make event sets on devices by number."""

    def make(*devices: int, types: int = XID) -> Any:
        events = nvml.nvmlEventSetCreate()
        for number in devices:
            nvml.nvmlDeviceRegisterEvents(nvml.nvmlDeviceGetHandleByIndex(number), types, events)
        return events

    return make


def test_an_xid_is_told_once_with_no_instance_outside_mig(
    node: Emulated, nvml: ModuleType, watch: Callable[..., Any]
) -> None:
    events = watch(0)
    node.emit("xid", "gpu0", xid=79)
    event = nvml.nvmlEventSetWait_v2(events, 0)

    assert (event.eventType, event.eventData) == (XID, 79)
    assert (event.gpuInstanceId, event.computeInstanceId) == (NONE, NONE)
    assert nvml.nvmlDeviceGetUUID(event.device) == node.gpu(0).spec.uuid
    with pytest.raises(nvml.NVMLError_Timeout):
        nvml.nvmlEventSetWait_v2(events, 0)


def test_an_xid_of_a_mig_device_has_its_ids(
    node: Emulated, nvml: ModuleType, watch: Callable[..., Any]
) -> None:
    events = watch(0)
    node.emit("xid", "gpu0", xid=43, gi=2, ci=0)
    event = nvml.nvmlEventSetWait_v2(events, 0)

    assert (event.gpuInstanceId, event.computeInstanceId) == (2, 0)


def test_each_set_hears_of_its_devices_and_types_only(
    node: Emulated, nvml: ModuleType, watch: Callable[..., Any]
) -> None:
    first, second, other_type = watch(0), watch(1), watch(0, types=2)
    node.emit("xid", "gpu1", xid=48)

    assert nvml.nvmlEventSetWait_v2(second, 0).eventData == 48
    for events in (first, other_type):
        with pytest.raises(nvml.NVMLError_Timeout):
            nvml.nvmlEventSetWait_v2(events, 0)


def test_events_from_before_a_set_was_made_are_not_told(
    node: Emulated, nvml: ModuleType, watch: Callable[..., Any]
) -> None:
    node.emit("xid", "gpu0", xid=31)
    events = watch(0)

    with pytest.raises(nvml.NVMLError_Timeout):
        nvml.nvmlEventSetWait_v2(events, 0)


def test_a_waiter_is_woken(node: Emulated, nvml: ModuleType, watch: Callable[..., Any]) -> None:
    events, heard = watch(3), []
    waiter = threading.Thread(
        target=lambda: heard.append(nvml.nvmlEventSetWait_v2(events, 60_000).eventData)
    )
    waiter.start()
    node.emit("xid", "gpu3", xid=119)
    waiter.join(60)

    assert heard == [119]


def test_a_storm_keeps_the_newest_events_in_order(
    node: Emulated, nvml: ModuleType, watch: Callable[..., Any]
) -> None:
    events = watch(0)
    with node.state.change("storm") as change:
        for number in range(3000):
            change.emit("xid", "gpu0", xid=number)
    heard = [nvml.nvmlEventSetWait_v2(events, 0).eventData for _ in range(1024)]

    assert heard == list(range(3000 - 1024, 3000))
    with pytest.raises(nvml.NVMLError_Timeout):
        nvml.nvmlEventSetWait_v2(events, 0)


def test_a_lost_device_ends_the_wait_where_the_driver_does_so(
    node: Emulated, nvml: ModuleType, watch: Callable[..., Any]
) -> None:
    events = watch(0)
    node.set("gpu0", lost=True, lost__wakes=True)

    with pytest.raises(nvml.NVMLError_GpuIsLost):
        nvml.nvmlEventSetWait_v2(events, 0)
    with pytest.raises(nvml.NVMLError_Timeout):
        nvml.nvmlEventSetWait_v2(watch(1), 0)


def test_sets_that_are_gone_are_refused(nvml: ModuleType, watch: Callable[..., Any]) -> None:
    events = watch(0)
    nvml.nvmlEventSetFree(events)

    with pytest.raises(nvml.NVMLError_InvalidArgument):
        nvml.nvmlEventSetWait_v2(events, 0)
    with pytest.raises(nvml.NVMLError_InvalidArgument):
        nvml.nvmlEventSetFree(events)


def test_types_that_no_driver_has_are_not_supported(
    nvml: ModuleType, watch: Callable[..., Any]
) -> None:
    with pytest.raises(nvml.NVMLError_NotSupported):
        watch(0, types=1 << 40)
