"""A node whose state can be changed, served on a control socket, with someone who follows it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from drawplate.emulators.control.operations import StateOperations
from drawplate.emulators.control.server import Server
from drawplate.emulators.faults.operations import FaultOperations
from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.state.model import State
from drawplate.emulators.watch.board import Board
from drawplate.emulators.watch.follower import Follower


@pytest.fixture
def state() -> State:
    return State(place(load("dgx-h100"), "n1"))


@pytest.fixture
def follower(tmp_path: Path, state: State) -> Iterator[Follower]:
    path = tmp_path / "control.sock"
    operations = {**StateOperations(state).table(), **FaultOperations(state).table()}
    server = Server(path, operations)
    server.start()
    followed = Follower({"n1": path})
    followed.start()
    yield followed
    followed.stop()
    server.stop()


@pytest.fixture
def board(follower: Follower) -> Board:
    """Give the board of the node, once it was told everything."""
    found = follower.boards["n1"]
    until(follower, lambda: found.alive)
    return found


def until(follower: Follower, condition: object) -> None:
    """Wait until a condition on the boards holds."""
    assert callable(condition)
    version = -1
    for _ in range(1000):
        if condition():
            return
        version = follower.wait(version, 30)
    raise AssertionError("it never came")
