"""Lost devices, call rules and the trace."""

import threading
from types import ModuleType

import pytest

from drawplate.emulators.state.change import CallRule
from drawplate.emulators.tests.nvml.ground import Emulated


def add_rules(node: Emulated, *rules: CallRule) -> None:
    with node.state.change("test") as change:
        for rule in rules:
            change.add_rule(rule)


def test_a_lost_device_answers_so_and_comes_back(node: Emulated, nvml: ModuleType) -> None:
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    node.set("gpu0", lost=True)
    for call in (nvml.nvmlDeviceGetName, nvml.nvmlDeviceGetTemperatureV, nvml.nvmlDeviceGetUUID):
        with pytest.raises(nvml.NVMLError_GpuIsLost):
            call(handle) if call is not nvml.nvmlDeviceGetTemperatureV else call(handle, 0)
    with pytest.raises(nvml.NVMLError_GpuIsLost):
        nvml.nvmlDeviceGetHandleByIndex(0)

    assert nvml.nvmlDeviceGetCount() == 8
    node.set("gpu0", lost=False)
    assert nvml.nvmlDeviceGetName(handle) == "NVIDIA H100 80GB HBM3"


def test_an_unplugged_device_is_gone_and_others_are_renumbered(
    node: Emulated, nvml: ModuleType
) -> None:
    handle, second = (nvml.nvmlDeviceGetHandleByIndex(i) for i in (0, 1))
    with node.state.change("test") as change:
        change.unplug("gpu0")

    assert nvml.nvmlDeviceGetCount() == 7
    assert nvml.nvmlDeviceGetIndex(second) == 0
    with pytest.raises(nvml.NVMLError_GpuIsLost):
        nvml.nvmlDeviceGetName(handle)
    with pytest.raises(nvml.NVMLError_NotFound):
        nvml.nvmlDeviceGetHandleByUUID(node.gpu(0).spec.uuid)
    with node.state.change("test") as change:
        change.plug("gpu0")
    assert nvml.nvmlDeviceGetCount() == 8
    assert nvml.nvmlDeviceGetIndex(second) == 1


def test_a_rule_answers_for_its_functions_and_device_only(node: Emulated, nvml: ModuleType) -> None:
    add_rules(node, CallRule("f1", "nvml", "nvmlDeviceGetMemory*", "gpu1", "UNKNOWN"))
    first, second = (nvml.nvmlDeviceGetHandleByIndex(i) for i in (0, 1))

    with pytest.raises(nvml.NVMLError_Unknown):
        nvml.nvmlDeviceGetMemoryInfo(second)
    assert nvml.nvmlDeviceGetMemoryInfo(first).total
    assert nvml.nvmlDeviceGetName(second)
    with node.state.change("test") as change:
        change.remove_rules("f1")
    assert nvml.nvmlDeviceGetMemoryInfo(second).total


def test_rules_concern_functions_without_a_device_too(node: Emulated, nvml: ModuleType) -> None:
    add_rules(node, CallRule("f1", "nvml", "SystemGetDriverVersion", None, "NVML_ERROR_TIMEOUT"))

    with pytest.raises(nvml.NVMLError_Timeout):
        nvml.nvmlSystemGetDriverVersion()


def test_a_rule_for_a_device_concerns_also_whoever_asks_for_its_handle(
    node: Emulated, nvml: ModuleType
) -> None:
    add_rules(node, CallRule("f1", "nvml", "nvmlDeviceGetHandle*", "gpu2", "GPU_NOT_FOUND"))

    assert nvml.nvmlDeviceGetHandleByIndex(1)
    for ask, what in (
        (nvml.nvmlDeviceGetHandleByIndex, 2),
        (nvml.nvmlDeviceGetHandleByUUID, node.gpu(2).spec.uuid),
        (nvml.nvmlDeviceGetHandleByPciBusId, node.gpu(2).spec.address),
    ):
        with pytest.raises(nvml.NVMLError_GpuNotFound):
            ask(what)


def test_a_rule_that_counts_handles_counts_each_call_once(node: Emulated, nvml: ModuleType) -> None:
    add_rules(
        node, CallRule("f1", "nvml", "nvmlDeviceGetHandle*", None, "TIMEOUT", after=2, count=1)
    )

    assert nvml.nvmlDeviceGetHandleByIndex(0)
    assert nvml.nvmlDeviceGetHandleByIndex(0)
    with pytest.raises(nvml.NVMLError_Timeout):
        nvml.nvmlDeviceGetHandleByIndex(0)
    assert nvml.nvmlDeviceGetHandleByIndex(0)


def test_a_rule_that_counts_lets_calls_pass_and_then_expires(
    node: Emulated, nvml: ModuleType
) -> None:
    add_rules(
        node, CallRule("f1", "nvml", "nvmlDeviceGetName", None, "IRQ_ISSUE", after=2, count=2)
    )
    handle, results = nvml.nvmlDeviceGetHandleByIndex(0), []
    for _ in range(6):
        try:
            results.append(nvml.nvmlDeviceGetName(handle) and "name")
        except nvml.NVMLError_IrqIssue:
            results.append("error")

    assert results == ["name", "name", "error", "error", "name", "name"]


def test_calls_are_counted_over_all_processes(node: Emulated, nvml: ModuleType) -> None:
    add_rules(
        node, CallRule("f1", "nvml", "nvmlDeviceGetName", None, "IRQ_ISSUE", after=1, count=1)
    )
    ask = (
        "import pynvml as n\nn.nvmlInit()\nh = n.nvmlDeviceGetHandleByIndex(0)\n"
        "try:\n    print(n.nvmlDeviceGetName(h))\nexcept n.NVMLError as e: print(e.value)"
    )

    assert [node.run(ask).stdout.strip() for _ in range(3)] == [
        "NVIDIA H100 80GB HBM3",
        "11",
        "NVIDIA H100 80GB HBM3",
    ]


def test_other_rules_do_not_disturb_the_count(node: Emulated, nvml: ModuleType) -> None:
    add_rules(
        node, CallRule("f1", "nvml", "nvmlDeviceGetName", None, "IRQ_ISSUE", after=1, count=9)
    )
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    nvml.nvmlDeviceGetName(handle)
    add_rules(node, CallRule("f2", "nvml", "nvmlDeviceGetSerial", None, "UNKNOWN"))

    with pytest.raises(nvml.NVMLError_IrqIssue):
        nvml.nvmlDeviceGetName(handle)


def test_a_rule_for_another_container_does_not_concern_us(node: Emulated, nvml: ModuleType) -> None:
    add_rules(node, CallRule("f1", "nvml", "*", None, "UNKNOWN", container="no-such-container"))

    assert nvml.nvmlDeviceGetCount() == 8


def test_the_trace_tells_who_called_what_on_which_device(node: Emulated, nvml: ModuleType) -> None:
    heard, began, over = [], threading.Event(), threading.Event()

    def listen() -> None:
        for one in node.calls.trace():
            if "tracing" in one:
                began.set()
            elif "function" in one:
                heard.append((one["function"], one["device"], one["result"]))
            if len(heard) == 2:
                break
        over.set()

    handle = nvml.nvmlDeviceGetHandleByIndex(3)
    threading.Thread(target=listen, daemon=True).start()
    assert began.wait(60)
    nvml.nvmlDeviceGetPowerUsage(handle)
    with pytest.raises(nvml.NVMLError_NotSupported):
        nvml.nvmlDeviceGetFanSpeed(handle)
    assert over.wait(60)

    assert heard == [
        ("nvmlDeviceGetPowerUsage", "gpu3", "SUCCESS"),
        ("nvmlDeviceGetFanSpeed", "gpu3", "NOT_SUPPORTED"),
    ]
