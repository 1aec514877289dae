"""The lines that the kernel would log, in a file of the node and, if asked for, in the real log."""

import logging
import time
from pathlib import Path

from drawplate.emulators.state.change import Changes
from drawplate.emulators.state.model import State

_log = logging.getLogger(__name__)

EVENT = "kernel"

# The file in the node's folder.
FILE = "kernel.log"


class KernelLog:
    """A surface that writes the events `kernel` as lines of dmesg.

    `kmsg` is the kernel's own log: monitors that read /dev/kmsg see the lines there. It belongs
    to the whole machine, so nothing is written to it unless somebody says so.
    """

    name = "kernel-log"

    def __init__(self, folder: Path, kmsg: Path | None = None) -> None:
        """Write to a file in `folder`."""
        self.seen = 0
        self._path = folder / FILE
        self._kmsg = kmsg

    def start(self, state: State) -> None:
        """Begin with what is there."""
        self.seen = state.generation
        self._path.touch()

    def apply(self, changes: Changes) -> None:
        """Write the lines of one change."""
        lines = [str(one.data["text"]) for one in changes.events if one.name == EVENT]
        if lines:
            moment = time.clock_gettime(time.CLOCK_BOOTTIME)
            with self._path.open("a", encoding="utf-8") as file:
                file.writelines(f"[{moment:12.6f}] {line}\n" for line in lines)
            self._write_kmsg(lines)
        self.seen = changes.generation

    def stop(self) -> None:
        """Leave the file to its readers."""

    def _write_kmsg(self, lines: list[str]) -> None:
        if self._kmsg is None:
            return
        try:
            # One write is one record (Documentation/ABI/testing/dev-kmsg).
            with self._kmsg.open("wb", buffering=0) as kmsg:
                for line in lines:
                    kmsg.write(f"<4>{line}\n".encode())
        except OSError as error:
            _log.warning("cannot write to %s: %s", self._kmsg, error)
