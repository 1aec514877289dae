"""An emulated node with NVML only."""

import ctypes
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pynvml

from drawplate.emulators.nvml.calls import Calls
from drawplate.emulators.nvml.pages import Pages
from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State


@dataclass(frozen=True)
class Emulated:
    """A node's state, and what shows it."""

    state: State
    pages: Pages
    calls: Calls
    folder: Path

    @property
    def library(self) -> Path:
        assert self.pages.library is not None
        return self.pages.library

    def gpu(self, number: int = 0) -> Device:
        return self.state.device(f"gpu{number}")

    def set(self, name: str, **values: object) -> None:
        """Set properties; `__` in a name stands for a dot."""
        with self.state.change("test") as change:
            for key, value in values.items():
                change.set(name, key.replace("__", "."), value)

    def emit(self, name: str, device: str, **data: object) -> None:
        with self.state.change("test") as change:
            change.emit(name, device, **data)

    def bind(self) -> Any:
        """Let nvidia-ml-py use this node's library, initialised."""
        pynvml.nvmlLib = ctypes.CDLL(str(self.library))
        pynvml._nvmlGetFunctionPointer_cache.clear()
        pynvml.nvmlInit()
        return pynvml

    def run(self, source: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run a program of Python on the library, in a process of its own."""
        return subprocess.run(
            [sys.executable, "-c", source, str(self.library), *arguments],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "LD_LIBRARY_PATH": str(self.library.parent)},
        )


def read_line(process: subprocess.Popen[str]) -> str:
    """Wait for a line of a program that was started with pipes."""
    assert process.stdout
    return process.stdout.readline()


def write_line(process: subprocess.Popen[str]) -> None:
    """Let a program that waits for a line go on."""
    assert process.stdin
    process.stdin.write("\n")
    process.stdin.flush()
