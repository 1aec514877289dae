"""Whatever comes through the socket, it is answered or hung up on, and the daemon lives."""

import os
import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from drawplate.emulators.nvml.mutators.calls import MUTATORS
from drawplate.emulators.nvml.mutators.dispatch import Dispatcher
from drawplate.emulators.nvml.mutators.request import MAGIC
from drawplate.emulators.nvml.mutators.server import Mutators
from drawplate.emulators.nvml.table import functions
from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.state.model import State
from drawplate.emulators.tests.mutators.conftest import message

NUMBERS = st.sampled_from([functions()[name].number for name in MUTATORS])
RECORDS = st.sampled_from([0, 1, 63, 2**31, 2**32 - 1])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@given(number=NUMBERS | st.integers(0, 2**32 - 1), record=RECORDS, body=st.binary(max_size=200))
@example(number=0x10000, record=0, body=b"\xff" * 100)
def test_any_request_is_answered(
    dispatcher: Dispatcher, number: int, record: int, body: bytes
) -> None:
    request = struct.pack("<IIII", MAGIC, number, record, len(body)) + body

    code, size = struct.unpack_from("<iI", dispatcher.answer(request, 0))
    assert code != 999
    assert size <= 1016


@given(request=st.binary(max_size=64))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_no_request_is_an_invalid_argument(dispatcher: Dispatcher, request: bytes) -> None:
    assert struct.unpack_from("<i", dispatcher.answer(request, 0))[0] == 2


@pytest.fixture
def server(state: State, tmp_path: Path) -> Iterator[Mutators]:
    server = Mutators(tmp_path / "nvml.sock")
    server.start(state)
    yield server
    server.stop()


def connect(server: Mutators) -> socket.socket:
    client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    client.connect(str(server.path))
    client.settimeout(10)
    return client


SET = message("nvmlDeviceSetPersistenceMode", 0, struct.pack("<I", 0))


def test_a_call_goes_through_the_socket(server: Mutators, state: State) -> None:
    with connect(server) as client:
        client.send(SET)
        assert client.recv(64) == struct.pack("<iI", 0 if os.geteuid() == 0 else 4, 0)

    assert state.device("gpu0")["persistence"] == (0 if os.geteuid() == 0 else 1)


def test_one_who_sends_too_much_is_hung_up_on_and_others_are_served(server: Mutators) -> None:
    with connect(server) as bad, connect(server) as good:
        bad.send(b"x" * 5000)
        assert bad.recv(64) == b""

        good.send(SET)
        assert len(good.recv(64)) == 8


def test_one_who_never_reads_does_not_hold_up_the_others(server: Mutators) -> None:
    with connect(server) as bad, connect(server) as good:
        bad.setblocking(False)  # noqa: FBT003 - the name of the method says it
        try:
            for _ in range(100_000):
                bad.send(SET)
        except (BlockingIOError, ConnectionError):
            pass

        good.send(SET)
        assert len(good.recv(64)) == 8


def test_a_crowd_is_turned_away_not_crashed_by(server: Mutators) -> None:
    crowd = [connect(server) for _ in range(520)]
    for client in crowd:
        client.close()

    with connect(server) as good:
        good.send(SET)
        assert len(good.recv(64)) == 8


def test_after_the_end_nobody_is_served(server: Mutators) -> None:
    with connect(server) as client:
        server.stop()
        assert client.recv(64) == b""

    assert not server.path.exists()


def test_a_path_that_is_too_long_is_a_setup_problem(state: State, tmp_path: Path) -> None:
    with pytest.raises(SetupProblem):
        Mutators(tmp_path / ("x" * 100) / "nvml.sock").start(state)
