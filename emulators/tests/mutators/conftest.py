"""A board of which software can set everything, and calls to it as the library makes them."""

import struct
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from drawplate.emulators.machine.sections.mig import Mig
from drawplate.emulators.machine.sections.nvidia import Clocks, Nvidia, NvLink, Power
from drawplate.emulators.nvml.layout import api_structs
from drawplate.emulators.nvml.mutators.dispatch import Dispatcher
from drawplate.emulators.nvml.mutators.request import MAGIC, NO_DEVICE, inputs, width_of
from drawplate.emulators.nvml.table import functions
from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State

NVIDIA = Nvidia(
    brand=14,
    architecture_code=7,
    compute=(8, 0),
    cores=6912,
    vbios="92.00.00.00.01",
    ecc=1,
    fans=2,
    clocks=Clocks(
        graphics=1410,
        sm=1410,
        memory=1593,
        video=1290,
        idle_graphics=210,
        idle_memory=1593,
        idle_video=585,
        default_graphics=1275,
        default_memory=1593,
        supported_memory=(1593,),
    ),
    power=Power(idle_mw=60000, limit_mw=400000, least_mw=100000, most_mw=400000),
    nvlink=NvLink(links=12, version=4),
    mig=Mig(geometry="h100-80"),
)

ADDRESS = {"domain": 0, "bus": 0x1B, "device": 0}

Answer = tuple[int, bytes]


def message(name: str, record: int, body: bytes) -> bytes:
    """Give a request as the library sends it."""
    return struct.pack("<IIII", MAGIC, functions()[name].number, record, len(body)) + body


class Library:
    """Calls by name and value, of the user `uid`."""

    def __init__(self, dispatcher: Dispatcher) -> None:
        self.dispatcher = dispatcher
        self.uid = 0

    def call(self, name: str, *given: Any, gi: int | None = None, ci: int | None = None) -> Answer:
        """Give the code and the bytes that come back."""
        body = b"".join(struct.pack("<I", one) for one in (gi, ci) if one is not None)
        function = functions()[name]
        own = [one for one in inputs(function) if one.kind not in {"gi", "ci"}]
        for argument, value in zip(own, given, strict=False):
            buffer = bytearray(width_of(argument.kind))
            api_structs().pack_into(buffer, 0, argument.kind, value)
            body += bytes(buffer)
        handled = function.arguments[0].kind in {"device", "gi", "ci"}
        reply = self.dispatcher.answer(message(name, 0 if handled else NO_DEVICE, body), self.uid)
        code, size = struct.unpack_from("<iI", reply)
        assert len(reply) == 8 + size
        return code, reply[8:]


@pytest.fixture
def state() -> State:
    spec = SimpleNamespace(
        name="gpu0",
        family="gpu",
        kind="nvidia-gpu",
        index=0,
        profile=SimpleNamespace(nvidia=NVIDIA, memory_mib=81920, product="Test"),
        plugged=True,
        address="0000:1b:00.0",
        uuid="GPU-0",
        serial="1",
        parent=None,
    )
    node: Any = SimpleNamespace(node="n1", machine=SimpleNamespace(machine="test"), devices=(spec,))
    return State(node)


@pytest.fixture
def gpu(state: State) -> Device:
    return state.device("gpu0")


@pytest.fixture
def dispatcher(state: State) -> Dispatcher:
    return Dispatcher(state)


@pytest.fixture
def library(dispatcher: Dispatcher) -> Library:
    return Library(dispatcher)


@pytest.fixture
def put(state: State) -> Callable[..., None]:
    def put(**values: Any) -> None:
        with state.change() as change:
            change.update("gpu0", {key.replace("__", "."): it for key, it in values.items()})

    return put
