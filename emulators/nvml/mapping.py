"""The pages of a library file, mapped for writing: records in two copies, events, waking."""

import ctypes
import mmap
import struct
from pathlib import Path

from drawplate.emulators.nvml import pages_layout
from drawplate.emulators.nvml.build import compiled
from drawplate.emulators.nvml.generate import source_folder
from drawplate.emulators.nvml.sections import SECTION, section
from drawplate.emulators.problems import SuiteError


class Mapping:
    """The writer's view. Every process that has the file loaded sees what is written."""

    def __init__(self, library: Path) -> None:
        """Map the section of `library`, which must be the file that clients load."""
        layouts = pages_layout.layouts()
        self._state = layouts["state"]
        offset, size = section(library, SECTION)
        if size < self._state.size:
            raise SuiteError("the library's pages are of another layout", where=str(library))
        with library.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), self._state.size, offset=offset)
        self._hold = (ctypes.c_char * self._state.size).from_buffer(self._map)
        self._address = ctypes.addressof(self._hold)
        self._writer = _writer()

    def close(self) -> None:
        """Let go of the pages; what is in them stays."""
        del self._hold
        self._map.close()

    def write_copy(self, slot: int, size: int, first_copy: int, data: bytes | bytearray) -> None:
        """Write a record: into the copy that is not valid, which then becomes the valid one.

        `slot` is the offset of its number, `first_copy` that of its copies, each of `size` bytes.
        """
        number = self.number(slot) + 1
        # The number 0 tells that a record was never written.
        number += number % (1 << 32) == 0
        start = first_copy + (number & 1) * size
        self._map[start : start + len(data)] = bytes(data)
        self.publish(slot, number)

    def write(self, offset: int, data: bytes) -> None:
        """Write plain bytes, which nobody reads before something is published."""
        self._map[offset : offset + len(data)] = data

    def number(self, offset: int) -> int:
        """Give a number of four bytes."""
        return int(struct.unpack_from("<I", self._map, offset)[0])

    def publish(self, offset: int, number: int) -> None:
        """Make everything that was written visible, and then this number."""
        self._writer.publish(self._address + offset, number % (1 << 32))

    def wake(self, offset: int) -> None:
        """Wake whoever waits for this number to change."""
        self._writer.wake(self._address + offset)

    def place(self, *path: str | int) -> int:
        """Give the offset of a member: `("devices", 3, "number")`."""
        offset, kind = 0, self._state
        for step in path:
            if isinstance(step, int):
                offset += step * kind.size
                continue
            member = kind.member(step)
            offset += member.offset
            if member.kind in pages_layout.layouts():
                kind = pages_layout.layouts()[member.kind]
        return offset


def _writer() -> ctypes.CDLL:
    source = (source_folder() / "writer.c").read_text(encoding="utf-8")
    library = ctypes.CDLL(str(compiled("libpages", source, ())))
    library.publish.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    library.publish.restype = None
    library.wake.argtypes = [ctypes.c_void_p]
    library.wake.restype = None
    return library
