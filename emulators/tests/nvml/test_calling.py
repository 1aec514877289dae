"""The rules that every call follows: states, versions, sizes, null pointers, handles."""

import ctypes
from typing import Any

import pytest

from drawplate.emulators.tests.nvml.ground import Emulated

NULL = None
SUCCESS, UNINITIALIZED, INVALID, NOT_SUPPORTED = 0, 1, 2, 3
INSUFFICIENT_SIZE, NOT_LOADED, VERSION_MISMATCH = 7, 9, 25


@pytest.fixture
def library(node: Emulated) -> ctypes.CDLL:
    """Load the bare library, not initialised."""
    return ctypes.CDLL(str(node.library))


@pytest.fixture
def device(library: ctypes.CDLL) -> ctypes.c_void_p:
    """Give a handle of the first device, with the library initialised."""
    assert library.nvmlInit_v2() == SUCCESS
    handle = ctypes.c_void_p()
    assert library.nvmlDeviceGetHandleByIndex_v2(0, ctypes.byref(handle)) == SUCCESS
    return handle


def test_nothing_works_before_the_first_start_and_after_the_last_stop(library: ctypes.CDLL) -> None:
    count = ctypes.c_uint(77)

    assert library.nvmlDeviceGetCount_v2(ctypes.byref(count)) == UNINITIALIZED
    assert library.nvmlShutdown() == UNINITIALIZED
    assert [library.nvmlInit_v2(), library.nvmlInit_v2()] == [SUCCESS, SUCCESS]
    assert library.nvmlShutdown() == SUCCESS
    assert library.nvmlDeviceGetCount_v2(ctypes.byref(count)) == SUCCESS
    assert library.nvmlShutdown() == SUCCESS
    assert library.nvmlDeviceGetCount_v2(ctypes.byref(count)) == UNINITIALIZED
    assert library.nvmlDeviceGetIrqNum(NULL, NULL) == UNINITIALIZED


def test_starting_without_gpus_works_with_the_flag_only(
    node: Emulated, library: ctypes.CDLL
) -> None:
    with node.state.change("test") as change:
        for device in node.state.devices("gpu"):
            change.unplug(device)
    count = ctypes.c_uint(77)

    assert library.nvmlInit_v2() == NOT_LOADED
    assert library.nvmlInitWithFlags(1) == SUCCESS
    assert library.nvmlDeviceGetCount_v2(ctypes.byref(count)) == SUCCESS
    assert count.value == 0


@pytest.mark.parametrize(
    ("values", "code"), [({"driver__loaded": False}, 9), ({"driver__init_result": 18}, 18)]
)
def test_starting_fails_as_the_driver_does(
    node: Emulated, library: ctypes.CDLL, values: dict[str, Any], code: int
) -> None:
    node.set("node", **values)

    assert library.nvmlInit_v2() == code


def test_null_pointers_are_invalid(library: ctypes.CDLL, device: ctypes.c_void_p) -> None:
    assert library.nvmlDeviceGetPowerUsage(device, NULL) == INVALID
    assert library.nvmlDeviceGetPowerUsage(NULL, ctypes.byref(ctypes.c_uint())) == INVALID
    assert library.nvmlDeviceGetUtilizationRates(device, NULL) == INVALID
    assert library.nvmlDeviceGetUUID(device, NULL, 96) == INVALID
    assert library.nvmlSystemGetDriverVersion(NULL, 80) == INVALID
    assert library.nvmlDeviceGetHandleByUUID(NULL, ctypes.byref(ctypes.c_void_p())) == INVALID
    assert library.nvmlDeviceGetComputeRunningProcesses_v3(device, NULL, NULL) == INVALID


@pytest.mark.parametrize("offset", [1, 4, 7, 8 * 128 + 8, 1 << 20, -8, -(1 << 40)])
def test_handles_that_are_none_are_invalid(
    library: ctypes.CDLL, device: ctypes.c_void_p, offset: int
) -> None:
    stray = ctypes.c_void_p((device.value or 0) + offset)

    assert library.nvmlDeviceGetPowerUsage(stray, ctypes.byref(ctypes.c_uint())) == INVALID


def test_memory_behind_a_handle_can_be_read(library: ctypes.CDLL, device: ctypes.c_void_p) -> None:
    assert len(ctypes.string_at(device, 4096)) == 4096


@pytest.mark.parametrize("room", [0, 1, 40])
def test_a_text_that_does_not_fit_is_not_written(
    library: ctypes.CDLL, device: ctypes.c_void_p, room: int
) -> None:
    text = ctypes.create_string_buffer(b"x" * 96)

    assert library.nvmlDeviceGetUUID(device, text, room) == INSUFFICIENT_SIZE
    assert text.raw[:96] == b"x" * 96


def test_a_text_that_fits_exactly_is_written(
    library: ctypes.CDLL, device: ctypes.c_void_p, node: Emulated
) -> None:
    text = ctypes.create_string_buffer(b"x" * 96)

    assert library.nvmlDeviceGetUUID(device, text, 41) == SUCCESS
    assert text.raw[:41] == node.gpu(0).spec.uuid.encode() + b"\0"
    assert text.raw[41] == ord("x")


@pytest.mark.parametrize("word", [0, 1, 0x02000000, 0xFFFFFFFF])
def test_unknown_version_words_are_refused_and_nothing_is_written(
    library: ctypes.CDLL, device: ctypes.c_void_p, word: int
) -> None:
    buffer = (ctypes.c_uint * 64)(word, *[0x5A5A5A5A] * 63)

    for name in (
        "nvmlDeviceGetMemoryInfo_v2",
        "nvmlDeviceGetGpuFabricInfoV",
        "nvmlDeviceGetPciInfoExt",
        "nvmlDeviceGetTemperatureV",
        "nvmlDeviceGetMarginTemperature",
        "nvmlDeviceGetPlatformInfo",
    ):
        assert getattr(library, name)(device, buffer) == VERSION_MISMATCH, name
    assert list(buffer[1:]) == [0x5A5A5A5A] * 63


def test_no_more_is_written_than_the_declared_version_has(
    library: ctypes.CDLL, device: ctypes.c_void_p
) -> None:
    # Version 2 of the fabric information has 36 bytes, version 3 has 40.
    buffer = (ctypes.c_ubyte * 64)(*[0x5A] * 64)
    ctypes.cast(buffer, ctypes.POINTER(ctypes.c_uint))[0] = 36 | 2 << 24

    assert library.nvmlDeviceGetGpuFabricInfoV(device, buffer) == SUCCESS
    assert bytes(buffer[36:]) == b"\x5a" * 28


def test_unversioned_process_lists_have_entries_of_sixteen_bytes(
    node: Emulated, library: ctypes.CDLL, device: ctypes.c_void_p
) -> None:
    one = {"pid": 4242, "name": "a", "type": "C", "used_mib": 3, "gi": None, "ci": None}
    node.set("gpu0", processes=[one, {**one, "pid": 4243}])
    for name, width in (
        ("nvmlDeviceGetComputeRunningProcesses", 16),
        ("nvmlDeviceGetComputeRunningProcesses_v2", 24),
        ("nvmlDeviceGetComputeRunningProcesses_v3", 24),
    ):
        buffer = ctypes.create_string_buffer(b"\x5a" * 96, 96)
        count = ctypes.c_uint(2)

        assert getattr(library, name)(device, ctypes.byref(count), buffer) == SUCCESS
        assert count.value == 2
        assert int.from_bytes(buffer.raw[width : width + 4], "little") == 4243
        assert buffer.raw[2 * width :] == b"\x5a" * (96 - 2 * width)


def test_lists_that_do_not_fit_say_how_long_they_are(
    node: Emulated, library: ctypes.CDLL, device: ctypes.c_void_p
) -> None:
    one = {"pid": 4242, "name": "a", "type": "C", "used_mib": 3}
    node.set("gpu0", processes=[one] * 5)
    count = ctypes.c_uint(0)

    assert library.nvmlDeviceGetComputeRunningProcesses_v3(device, ctypes.byref(count), NULL) == 7
    assert count.value == 5
    count.value = 4
    buffer = ctypes.create_string_buffer(b"\x5a" * 120, 120)
    assert library.nvmlDeviceGetComputeRunningProcesses_v3(device, ctypes.byref(count), buffer) == 7
    assert buffer.raw == b"\x5a" * 120


def test_selectors_beyond_their_range_are_invalid(
    library: ctypes.CDLL, device: ctypes.c_void_p
) -> None:
    value = ctypes.byref(ctypes.c_ulonglong())

    for beyond in (4, 100, 0xFFFFFFFF):
        assert library.nvmlDeviceGetClockInfo(device, beyond, value) == INVALID
        assert library.nvmlDeviceGetTemperature(device, beyond, value) == INVALID
        assert library.nvmlDeviceGetTotalEccErrors(device, beyond, 0, value) == INVALID
        assert library.nvmlDeviceGetTotalEccErrors(device, 0, beyond, value) == INVALID
        assert library.nvmlDeviceGetPcieThroughput(device, beyond, value) == INVALID


def test_every_code_has_a_text(library: ctypes.CDLL) -> None:
    library.nvmlErrorString.restype = ctypes.c_char_p

    assert library.nvmlErrorString(15) == b"GPU is lost"
    assert library.nvmlErrorString(12345) == b"Unknown Error"
