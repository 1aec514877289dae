"""Every binding of nvidia-ml-py can be called: a value or an error of NVML's, never a crash."""

import json
import re
from collections.abc import Callable
from types import ModuleType

import pytest

from drawplate.emulators.nvml.table import functions
from drawplate.emulators.tests.nvml.ground import Emulated

# Runs in a process of its own: a crash must not take the tests along.
SWEEP = """
import collections, ctypes, inspect, json, sys
import pynvml as n
lib = ctypes.CDLL(sys.argv[1])
n.nvmlLib = lib
n._LoadNvmlLibrary = lambda: None
n.nvmlInit()
device = n.nvmlDeviceGetHandleByIndex(0)
other = n.nvmlDeviceGetHandleByIndex(1)
events = n.nvmlEventSetCreate()
choices = json.loads(sys.argv[2])
by_value = json.loads(sys.argv[3])
left_out = {"nvmlInit", "nvmlInitWithFlags", "nvmlShutdown", "nvmlExceptionClass",
            "nvmlStructToFriendlyObject", "nvmlFriendlyObjectToStruct", "nvmlEventSetFree"}
def argument(name, plain):
    if name in ("handle", "device", "device1", "handle1"):
        return device
    if name in ("device2", "handle2"):
        return other
    if name == "eventSet" and plain == 0:
        return events
    return plain
results = {}
for name, function in sorted(vars(n).items()):
    if not name.startswith("nvml") or not inspect.isfunction(function) or name in left_out:
        continue
    wanted = [one for one in inspect.signature(function).parameters.values()
              if one.default is one.empty and one.kind is one.POSITIONAL_OR_KEYWORD]
    for plain in choices:
        # A number in place of a structure would be an address, and no library survives that.
        takes_addresses = len(wanted) > by_value.get(name, 0)
        if takes_addresses and plain not in (0, None):
            continue
        try:
            function(*(argument(one.name, plain) for one in wanted))
            code = 0
        except n.NVMLError as error:
            code = error.value
        except (TypeError, AttributeError, ValueError, ctypes.ArgumentError, UnicodeError):
            # nvidia-ml-py itself does not take the argument.
            code = -1
        results.setdefault(name, []).append(code)
print(json.dumps(results))
"""


def numbers_of_plain_arguments() -> dict[str, int]:
    """Count the arguments of each function that are no addresses, also under its short name."""
    found = {}
    for name, function in functions().items():
        plain = sum(not one.way for one in function.arguments)
        found[name] = found[re.sub(r"_v\d+$", "", name)] = plain
    return found


@pytest.mark.parametrize("machine", ["dgx-h100", "hgx-b200"])
def test_every_binding_answers(emulate: Callable[[str], Emulated], machine: str) -> None:
    choices = json.dumps([0, 1, 5, 65_535, "text", None])
    done = emulate(machine).run(SWEEP, choices, json.dumps(numbers_of_plain_arguments()))

    assert done.returncode == 0, done.stderr[-2000:]
    results = json.loads(done.stdout)
    assert len(results) > 400
    codes = {code for each in results.values() for code in each}
    assert codes - {-1, 0, 1, 2, 3, 4, 6, 7, 10, 13, 16, 19, 21, 23, 24, 25, 27, 29} == set()
    answered = [name for name, each in results.items() if 0 in each]
    assert len(answered) > 140


def test_the_first_handle_answers_what_monitors_ask(node: Emulated, nvml: ModuleType) -> None:
    handle = nvml.nvmlDeviceGetHandleByIndex(0)

    assert nvml.nvmlDeviceGetTotalEnergyConsumption(handle) == 0
    assert nvml.nvmlDeviceGetCudaComputeCapability(handle) == (9, 0)
    assert nvml.nvmlDeviceGetArchitecture(handle) == nvml.NVML_DEVICE_ARCH_HOPPER
    assert nvml.nvmlDeviceGetBrand(handle) == nvml.NVML_BRAND_NVIDIA
    assert nvml.nvmlDeviceGetPowerManagementLimitConstraints(handle) == [200_000, 700_000]
    assert nvml.nvmlDeviceGetSupportedGraphicsClocks(handle, 2619)[0] == 1980
    assert nvml.nvmlDeviceGetBAR1MemoryInfo(handle).bar1Total == 131072 << 20
    assert nvml.nvmlDeviceGetEccMode(handle) == [1, 1]
    assert nvml.nvmlDeviceGetBoardPartNumber(handle) == "692-2G520-0200-000"
    # Captures of nvidia-smi: bus 2D is board 0x2d00.
    bus = nvml.nvmlDeviceGetPciInfo(handle).bus
    assert nvml.nvmlDeviceGetBoardId(handle) == bus << 8
    assert (
        nvml.nvmlDeviceGetNvLinkRemoteDeviceType(handle, 0) == nvml.NVML_NVLINK_DEVICE_TYPE_SWITCH
    )
    assert nvml.nvmlDeviceGetNvLinkVersion(handle, 0) == nvml.NVML_NVLINK_VERSION_4_0
    # nvml.h: the node that the GPU's memory is, not the one that it is near to.
    with pytest.raises(nvml.NVMLError_NotSupported):
        nvml.nvmlDeviceGetNumaNodeId(handle)
