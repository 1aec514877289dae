"""Whoever connects to the control socket can look, change and watch, and is told what is wrong."""

import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from drawplate.emulators.control.client import Hardware, find_control
from drawplate.emulators.control.operations import StateOperations
from drawplate.emulators.control.server import Server
from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.places import VARIABLE
from drawplate.emulators.problems import Problem, SetupProblem
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.model import State


@pytest.fixture
def state() -> State:
    return State(place(load("dgx-h100"), "n1"))


@pytest.fixture
def control(tmp_path: Path, state: State) -> Iterator[Path]:
    path = tmp_path / "control.sock"
    server = Server(path, StateOperations(state).table())
    server.start()
    yield path
    server.stop()


@pytest.fixture
def hardware(control: Path) -> Iterator[Hardware]:
    with Hardware(control) as found:
        yield found


def test_unplug_and_plug_are_seen_in_the_snapshot(hardware: Hardware, state: State) -> None:
    assert hardware.unplug("gpu3") == 1
    assert hardware.snapshot()["devices"]["gpu3"]["present"] is False
    assert not state.device("gpu3").present
    assert hardware.plug("gpu3") == 2
    assert hardware.snapshot()["devices"]["gpu3"]["present"] is True


def test_a_refusal_keeps_its_reason_on_the_way(hardware: Hardware) -> None:
    with pytest.raises(Refused, match="there is no device 'gpu99'") as refused:
        hardware.get("gpu99")
    assert refused.value.reason is Reason.NOT_FOUND


def test_an_unknown_operation_is_told_with_those_that_there_are(hardware: Hardware) -> None:
    with pytest.raises(Problem, match="no operation 'explode'") as problem:
        hardware.call("explode")
    assert "snapshot" in problem.value.cure


def test_wrong_arguments_are_told(hardware: Hardware) -> None:
    with pytest.raises(Problem, match="plug: missing a required argument: 'device'"):
        hardware.call("plug")


def test_waiting_for_a_generation_that_does_not_come_is_refused(hardware: Hardware) -> None:
    with pytest.raises(Refused, match="generation 99 is not seen yet") as refused:
        hardware.wait(99, timeout=0.01)
    assert refused.value.reason is Reason.TIMEOUT


def test_waiting_for_a_value_ends_when_it_comes_or_says_what_there_is(
    hardware: Hardware, state: State
) -> None:
    with state.change() as change:
        change.set("gpu2", "memory.used", 10)
    assert hardware.until("gpu2", "memory.used", 10) == 1
    later = threading.Timer(0.1, lambda: use_memory(state, 20))
    later.start()
    assert hardware.until("gpu2", "memory.used", 20) == 2
    later.join()
    with pytest.raises(Refused, match=r"memory\.used of gpu2 is 20, not 30") as refused:
        hardware.until("gpu2", "memory.used", 30, timeout=0.01)
    assert refused.value.reason is Reason.TIMEOUT


def use_memory(state: State, used: int) -> None:
    with state.change() as change:
        change.set("gpu2", "memory.used", used)


def test_watching_gives_the_state_and_then_every_change(control: Path, state: State) -> None:
    with Hardware(control) as watcher:
        items = (item for item in watcher.stream("watch") if "idle" not in item)
        assert len(next(items)["snapshot"]["devices"]) > 8
        with state.change("test") as change:
            change.unplug("gpu3")
        told = next(items)["changes"]
        assert (told["cause"], told["unplugged"]) == ("test", ["gpu3"])


def test_a_watcher_that_goes_is_forgotten(control: Path, state: State) -> None:
    watcher = Hardware(control)
    items = watcher.stream("watch")
    next(items)
    gone = threading.Event()
    surface = state.surfaces[-1]
    original = surface.stop

    def stop() -> None:
        original()
        gone.set()

    surface.stop = stop  # type: ignore[method-assign]
    items.close()  # type: ignore[attr-defined]
    watcher.close()
    assert gone.wait(30)
    assert state.surfaces == []


@pytest.mark.parametrize("sent", [b"nonsense\n", b"[]\n", b'{"op": 3}\n', b"{", b"\xff\n"])
def test_nonsense_harms_nobody(control: Path, hardware: Hardware, sent: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.connect(str(control))
        stranger.sendall(sent)
        stranger.shutdown(socket.SHUT_WR)
        answer = stranger.makefile("rb").read()
    assert not answer or json.loads(answer)["ok"] is False
    assert hardware.snapshot()["node"] == "n1"


def test_a_server_that_is_gone_is_told_with_the_cure(control: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupProblem, match="does not answer") as problem:
        Hardware(tmp_path / "none.sock")
    assert "drawplate hw up" in problem.value.cure


def test_the_socket_of_a_dead_server_is_replaced(control: Path, state: State) -> None:
    second = Server(control, StateOperations(state).table())
    second.start()
    with Hardware(control) as found:
        assert found.snapshot()["node"] == "n1"
    second.stop()


def test_the_environment_names_the_node_unless_a_name_is_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "x.sock"))
    assert find_control() == tmp_path / "x.sock"
    with pytest.raises(SetupProblem, match="no emulated node 'other' is up"):
        find_control("other")
