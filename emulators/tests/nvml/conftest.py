"""Emulated nodes with NVML only, and nvidia-ml-py on their library."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.nvml.calls import SOCKET, Calls
from drawplate.emulators.nvml.mutators.server import Mutators
from drawplate.emulators.nvml.pages import Pages
from drawplate.emulators.state.model import State
from drawplate.emulators.tests.nvml.ground import Emulated


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
def nvml(node: Emulated) -> Any:
    return node.bind()
