"""Where the members of C structures lie, and how values of Python become their bytes.

The rules are those of the C ABI of Linux on x86_64 and arm64, which agree for these types.
"""

import functools
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

_SCALARS = {
    "u8": "B",
    "i8": "b",
    "u16": "H",
    "u32": "I",
    "i32": "i",
    "u64": "Q",
    "i64": "q",
    "ulong": "Q",
    "double": "d",
    "pointer": "Q",
    "handle": "Q",
    "char": "s",
}
# The C parser is ten times faster; PyYAML has it unless it was built without libyaml.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MEMBER = re.compile(r"(\w+) (\w+)((?:\(\d+\))*)$")


def scalar_code(kind: str) -> str | None:
    """Give the `struct` code of a type without members; handles of NVML are such types."""
    if kind in _SCALARS:
        return _SCALARS[kind]
    return "Q" if re.fullmatch(r"nvml(\w*Set|\w*Instance|Device|GpmSample|Unit)_t", kind) else None


@dataclass(frozen=True, slots=True)
class Member:
    """One member: `size` counts all its elements, `count` is 1 for what is no array."""

    name: str
    kind: str
    count: int
    offset: int
    size: int
    # As C writes what comes after the name, `[2][3]`.
    brackets: str


@dataclass(frozen=True, slots=True)
class Struct:
    """A structure or union."""

    name: str
    members: tuple[Member, ...]
    size: int
    alignment: int
    union: bool = False

    def member(self, name: str) -> Member:
        """Give a member by name. Raises KeyError."""
        return self.by_name[name]

    @property
    def by_name(self) -> Mapping[str, Member]:
        """Give the members by name."""
        return {one.name: one for one in self.members}


class Layouts:
    """Structures by name, each of which may hold those that were declared before it or after."""

    def __init__(self, declared: Mapping[str, Any]) -> None:
        """Take declarations: `name: [u32 member, char text(16)]` or `name: {union: [...]}`."""
        self._declared = declared
        self._known: dict[str, Struct] = {}

    def __getitem__(self, name: str) -> Struct:
        """Give a structure. Raises KeyError when it was not declared."""
        if name not in self._known:
            self._known[name] = self._lay_out(name, self._declared[name])
        return self._known[name]

    def __contains__(self, name: str) -> bool:
        """Tell whether a structure was declared."""
        return name in self._declared

    def __iter__(self) -> Iterator[str]:
        """Give the names so that members come before what holds them."""
        for name in self._declared:
            self[name]
        return iter(list(self._known))

    def pack_into(self, buffer: bytearray, offset: int, kind: str, value: Any) -> None:
        """Write one value: a number, a mapping of members, or a text (for a char array: bytes)."""
        code = scalar_code(kind)
        if code is None:
            for name, each in value.items():
                self.put(buffer, offset, self[kind].member(name), each)
        elif code == "d":
            struct.pack_into("<d", buffer, offset, value)
        else:
            width = struct.calcsize(code)
            buffer[offset : offset + width] = (int(value) % (1 << 8 * width)).to_bytes(
                width, "little"
            )

    def put(self, buffer: bytearray, base: int, member: Member, value: Any) -> None:
        """Write a member of a structure that begins at `base`; what is left of it becomes zero."""
        start = base + member.offset
        if member.kind == "char" or isinstance(value, bytes):
            data = value if isinstance(value, bytes) else str(value).encode()[: member.size - 1]
            buffer[start : start + member.size] = data[: member.size].ljust(member.size, b"\0")
            return
        if not isinstance(value, Sequence):
            self.pack_into(buffer, start, member.kind, value)
            return
        buffer[start : start + member.size] = bytes(member.size)
        width = member.size // member.count
        for number, each in enumerate(value[: member.count]):
            self.pack_into(buffer, start + number * width, member.kind, each)

    def size_of(self, kind: str) -> int:
        """Give the bytes of one value."""
        code = scalar_code(kind)
        return struct.calcsize(code) if code else self[kind].size

    def _lay_out(self, name: str, declared: Any) -> Struct:
        union = isinstance(declared, Mapping)
        members, end, alignment = [], 0, 1
        for text in declared["union"] if union else declared:
            match = _MEMBER.match(text)
            if match is None:
                message = f"{name}: {text!r} is no member"
                raise ValueError(message)
            kind, own, dimensions = match.groups()
            count = 1
            for number in re.findall(r"\d+", dimensions):
                count *= int(number)
            code = scalar_code(kind)
            align = struct.calcsize(code) if code else self[kind].alignment
            start = 0 if union else -(-end // align) * align
            size = self.size_of(kind) * count
            brackets = dimensions.replace("(", "[").replace(")", "]")
            members.append(Member(own, kind, count, start, size, brackets))
            end, alignment = max(end, start + size), max(alignment, align)
        return Struct(name, tuple(members), -(-end // alignment) * alignment, alignment, union)


@functools.cache
def data(name: str) -> Any:
    """Read one of the API's YAML files, by its path below `api`."""
    path = Path(str(files("drawplate.emulators"))) / "nvml" / "api" / name
    # The loader is one of the safe ones.
    return yaml.load(path.read_text(encoding="utf-8"), _LOADER)  # noqa: S506


@functools.cache
def api_structs() -> Layouts:
    """Give the structures of nvml.h."""
    return Layouts(data("structs.yaml"))
