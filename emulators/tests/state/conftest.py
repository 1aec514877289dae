"""A state with devices of the simplest kind, made without machine files."""

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from drawplate.emulators.state import schema
from drawplate.emulators.state.model import State
from drawplate.emulators.state.schema import Property

PROPERTIES = {
    "temperature": Property(type="int", about="How hot.", default=35, least=-50, most=200),
    "name": Property(type="text", about="What it is called.", initial="spec.name"),
    "memory": Property(type="int", about="Size.", initial="memory_mib", times=2**20),
    "mode": Property(type="text", about="A choice.", default="on", choices=("on", "off")),
    "load": Property(type="float", about="By time.", quiet=True, settable=False),
    "parts": Property(type="json", about="A list.", default=()),
}


def make_spec(name: str, index: int = 0, *, plugged: bool = True) -> Any:
    profile = SimpleNamespace(product="Test device", memory_mib=16)
    return SimpleNamespace(
        name=name,
        family="gpu",
        kind="test-gpu",
        index=index,
        profile=profile,
        plugged=plugged,
        address=f"0000:0{index}:00.0",
        uuid=f"GPU-{index}",
        numa_node=None,
        parent=None,
    )


@pytest.fixture(autouse=True)
def _known_properties(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(schema, "_scope", lambda scope: PROPERTIES if scope == "common" else {})
    schema._properties.cache_clear()
    yield
    schema._properties.cache_clear()


@pytest.fixture
def state() -> State:
    return make_state()


def make_state(machine_name: str = "test") -> State:
    machine = SimpleNamespace(machine=machine_name)
    specs = (make_spec("gpu0"), make_spec("gpu1", 1), make_spec("gpu2", 2, plugged=False))
    node: Any = SimpleNamespace(node="n1", machine=machine, devices=specs)
    return State(node)
