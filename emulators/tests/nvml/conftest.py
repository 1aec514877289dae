"""An emulated node with NVML only, and nvidia-ml-py on its library."""

import ctypes
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pynvml
import pytest

from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.nvml.calls import SOCKET, Calls
from drawplate.emulators.nvml.mutators.server import Mutators
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

    def bind(self) -> ModuleType:
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


@pytest.fixture
def emulate(tmp_path: Path) -> Iterator[Callable[[str], Emulated]]:
    """Emulate machines by name; each is taken away at the end."""
    started: list[Emulated] = []

    def start(machine: str = "dgx-h100") -> Emulated:
        folder = tmp_path / str(len(started))
        folder.mkdir()
        state = State(place(load(machine), "n1"))
        pages = Pages(folder / "root", folder)
        calls = Calls(folder / SOCKET, pages)
        for surface in (pages, calls, Mutators(folder / "nvml.sock")):
            state.add_surface(surface)
        started.append(Emulated(state, pages, calls, folder))
        return started[-1]

    yield start
    for one in started:
        for surface in reversed(one.state.surfaces):
            surface.stop()


@pytest.fixture
def node(emulate: Callable[[str], Emulated]) -> Emulated:
    return emulate("dgx-h100")


@pytest.fixture
def nvml(node: Emulated) -> ModuleType:
    return node.bind()
