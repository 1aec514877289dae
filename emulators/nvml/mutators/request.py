"""The messages of nvml.sock: what the library sends for a call, and what it gets back.

Request, little-endian: u32 0x4e564d52, u32 number of the function (`nvml/table.py`), u32 number of
the device's record (all ones: none), u32 bytes of arguments, then the arguments in the order of
the table and without padding: numbers by value, structures whole (also those that C passes by
pointer). The first device is the record and not among them. A GPU instance is u32 its id; a
compute instance is u32 the GPU instance's id and u32 its own.
Reply: i32 nvmlReturn_t, u32 bytes, then the values behind the pointers of `out`, alike.
"""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drawplate.emulators.nvml.layout import api_structs, scalar_code
from drawplate.emulators.nvml.table import Argument, Function
from drawplate.emulators.refusals import Reason, Refused

MAGIC = 0x4E564D52
NO_DEVICE = 0xFFFFFFFF
LONGEST = 1024

_HEADER = struct.Struct("<IIII")
_REPLY = struct.Struct("<iI")
_INSTANCES = {"gi": ("<I", ("gi",)), "ci": ("<II", ("gi", "ci"))}


@dataclass(frozen=True, slots=True)
class Request:
    """A call as it came: `function` is a number, `record` a device's or NO_DEVICE."""

    function: int
    record: int
    body: bytes


def parse(message: bytes) -> Request:
    """Read a message. Raises Refused(INVALID) when it is none."""
    if len(message) < _HEADER.size:
        raise Refused(Reason.INVALID, "the message is too short")
    magic, function, record, length = _HEADER.unpack_from(message)
    body = message[_HEADER.size :]
    if magic != MAGIC or length != len(body):
        raise Refused(Reason.INVALID, "the message is not a request")
    return Request(function, record, body)


def reply(code: int, body: bytes = b"") -> bytes:
    """Give the answer to a request."""
    return _REPLY.pack(code, len(body)) + body


def decode(function: Function, body: bytes) -> Mapping[str, Any]:
    """Give the arguments by name: numbers, mappings of members, and bytes where C has text.

    What the library left out, such as what is only written to, is zero.
    """
    found: dict[str, Any] = {}
    offset = 0
    for argument in inputs(function):
        width = width_of(argument.kind)
        data = body[offset : offset + width].ljust(width, b"\0")
        offset += width
        if argument.kind in _INSTANCES:
            code, names = _INSTANCES[argument.kind]
            found.update(zip(names, struct.unpack(code, data), strict=True))
        else:
            found[argument.name] = _unpack(argument.kind, data, 0)
    return found


def encode(function: Function, answers: Mapping[str, Any]) -> bytes:
    """Give what a call writes: for each `out` argument that the answers have, its bytes."""
    written = b""
    for argument in function.arguments:
        if argument.way != "out":
            continue
        if argument.kind in _INSTANCES and all(
            name in answers for name in _INSTANCES[argument.kind][1]
        ):
            code, names = _INSTANCES[argument.kind]
            written += struct.pack(code, *(answers[name] for name in names))
        elif argument.name in answers:
            buffer = bytearray(width_of(argument.kind))
            api_structs().pack_into(buffer, 0, argument.kind, answers[argument.name])
            written += bytes(buffer)
    return written


def inputs(function: Function) -> Sequence[Argument]:
    """Give the arguments that a request carries."""
    arguments = list(function.arguments)
    if arguments and arguments[0].kind == "device":
        arguments.pop(0)
    return [
        one
        for one in arguments
        if not (one.way == "out" and (one.kind in {"gi", "ci", "device", "text"}))
    ]


def width_of(kind: str) -> int:
    """Give the bytes of a value in a message."""
    if kind in _INSTANCES:
        return struct.calcsize(_INSTANCES[kind][0])
    return 8 if kind in {"device", "unit", "set", "sample"} else api_structs().size_of(kind)


def _unpack(kind: str, data: bytes, offset: int) -> Any:
    if kind in {"device", "unit", "set", "sample"}:
        return int.from_bytes(data[offset : offset + 8], "little")
    code = scalar_code(kind)
    if code is not None:
        return struct.unpack_from(f"<{code}", data, offset)[0]
    return {
        one.name: data[offset + one.offset : offset + one.offset + one.size]
        if one.count > 1
        else _unpack(one.kind, data, offset + one.offset)
        for one in api_structs()[kind].members
    }
