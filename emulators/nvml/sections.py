"""Finds the pages in a library file: a section of an ELF file."""

import os
import struct
from pathlib import Path

from drawplate.emulators.problems import SuiteError

SECTION = ".drawplate_state"


def section(path: Path, name: str) -> tuple[int, int]:
    """Give where a section of an ELF file of 64 bits begins, and its bytes.

    Raises SuiteError when it has none. The format is that of the System V ABI, chapter 4.
    """
    with path.open("rb") as file:
        header = file.read(64)
        # The header's own size, then the magic number and the class of 64 bits.
        if len(header) < 64 or header[:5] != b"\x7fELF\x02":  # noqa: PLR2004
            raise SuiteError("this is no ELF file of 64 bits", where=str(path))
        table, width, count, names = (
            struct.unpack_from("<Q", header, 40)[0],
            *struct.unpack_from("<HHH", header, 58),
        )
        file.seek(table)
        entries = [file.read(width) for _ in range(count)]
        file.seek(struct.unpack_from("<Q", entries[names], 24)[0])
        texts = file.read(struct.unpack_from("<Q", entries[names], 32)[0])
    for entry in entries:
        start = struct.unpack_from("<I", entry)[0]
        if texts[start : texts.index(b"\0", start)] == name.encode():
            offset, size = struct.unpack_from("<QQ", entry, 24)
            if offset % os.sysconf("SC_PAGESIZE") == 0:
                return int(offset), int(size)
    raise SuiteError(f"the library has no section {name} at whole pages", where=str(path))
