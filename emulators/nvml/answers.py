"""Answers of NVML functions that nothing else describes, as data: the long tail, and captures.

The property `answers` of a device maps a function to an answer, or to a list of them:
`{arguments: [1, 2], result: SUCCESS, give: {name: value}}`. `arguments` are the numbers that the
call is made with, in order, without the device; none means a call without any. `give` has a value
for every argument that the function writes: a number, or a mapping of a structure's members.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from drawplate.emulators.nvml import pages_layout
from drawplate.emulators.nvml.layout import api_structs
from drawplate.emulators.nvml.rules import code_of
from drawplate.emulators.nvml.table import Function, functions
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.device import Device

# FNV-1a of 32 bits, as source/calls.c mixes it.
_BASIS, _PRIME = 2166136261, 16777619
_TEXT = 96


def answer_set(devices: Sequence[Device]) -> bytearray:
    """Give the bytes of `answer_set`. Raises Refused(INVALID) for what fits no function."""
    layouts = pages_layout.layouts()
    whole, record = layouts["answer_set"], layouts["answer"]
    buffer = bytearray(whole.size)
    count, used = 0, 0
    first, base = whole.member("answers").offset, whole.member("bytes").offset
    for device, (function, arguments, result, data) in _all(devices):
        if count == pages_layout.MOST_ANSWERS or used + len(data) > pages_layout.ANSWER_BYTES:
            raise Refused(Reason.NO_CAPACITY, "there are too many answers for the library's pages")
        values = {
            "function": function,
            "device": device,
            "arguments": arguments,
            "result": result,
            "offset": used,
            "size": len(data),
        }
        for name, value in values.items():
            layouts.put(buffer, first + count * record.size, record.member(name), value)
        buffer[base + used : base + used + len(data)] = data
        count, used = count + 1, used + len(data)
    layouts.put(buffer, 0, whole.member("count"), count)
    return buffer


def hash_of(arguments: Sequence[int]) -> int:
    """Give the number that stands for arguments passed by value."""
    value = _BASIS
    for argument in arguments:
        for byte in (argument % (1 << 64)).to_bytes(8, "little"):
            value = (value ^ byte) * _PRIME % (1 << 32)
    return value


def _all(devices: Sequence[Device]) -> Iterator[tuple[int, tuple[int, int, int, bytes]]]:
    for number, device in enumerate(devices):
        for name, given in device["answers"].items():
            function = functions().get(name)
            if function is None:
                raise Refused(Reason.INVALID, f"NVML has no function {name!r}")
            for one in given if isinstance(given, list) else [given]:
                yield number, _answer(function, one)


def _answer(function: Function, given: Mapping[str, Any]) -> tuple[int, int, int, bytes]:
    arguments = hash_of([int(one) for one in given.get("arguments", ())])
    result, values = code_of(given.get("result")), given.get("give", {})
    data = b""
    for argument in function.arguments:
        if argument.way != "out":
            continue
        if argument.kind == "text":
            data += str(values.get(argument.name, "")).encode()[: _TEXT - 1] + b"\0"
            continue
        buffer = bytearray(api_structs().size_of(argument.kind))
        try:
            if argument.name in values:
                api_structs().pack_into(buffer, 0, argument.kind, values[argument.name])
        except (KeyError, TypeError, ValueError, AttributeError):
            text = f"{function.name} cannot answer {values[argument.name]!r}"
            raise Refused(Reason.INVALID, text) from None
        data += bytes(buffer)
    return function.number, arguments, result, data
