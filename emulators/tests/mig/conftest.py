"""Boards that can be partitioned, without machine files and interfaces."""

from types import SimpleNamespace
from typing import Any

import pytest

from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State


def make_state(*geometries: str | None) -> State:
    """Make a node with one GPU for each geometry; none has no MIG."""
    specs = tuple(_spec(index, name) for index, name in enumerate(geometries))
    machine = SimpleNamespace(machine="test")
    node: Any = SimpleNamespace(node="n1", machine=machine, devices=specs)
    return State(node)


def _spec(index: int, geometry: str | None) -> Any:
    mig = None if geometry is None else SimpleNamespace(geometry=geometry)
    return SimpleNamespace(
        name=f"gpu{index}",
        family="gpu",
        kind="nvidia-gpu",
        index=index,
        profile=SimpleNamespace(nvidia=SimpleNamespace(mig=mig), memory_mib=81559),
        plugged=True,
        uuid=f"GPU-{index}",
        parent=None,
    )


@pytest.fixture
def state() -> State:
    return make_state("h100-80", "a100-40", None)


@pytest.fixture
def hopper(state: State) -> Device:
    return state.device("gpu0")


@pytest.fixture
def ampere(state: State) -> Device:
    return state.device("gpu1")


@pytest.fixture
def unpartitionable(state: State) -> Device:
    return state.device("gpu2")
