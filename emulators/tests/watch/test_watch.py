"""Whoever watches sees what is true, as it becomes true."""

import io

from rich.console import Console

from drawplate.emulators.state.model import State
from drawplate.emulators.tests.watch.conftest import until
from drawplate.emulators.watch.board import Board
from drawplate.emulators.watch.follower import Follower
from drawplate.emulators.watch.rows import rows
from drawplate.emulators.watch.terminal import draw, spark


def test_every_device_of_the_machine_has_a_row(board: Board, state: State) -> None:
    assert [row.name for row in rows(board, {})] == [one.name for one in state.devices(absent=True)]
    first = rows(board, {})[0]
    assert first.product == "NVIDIA H100 80GB HBM3"
    assert first.memory == (0, 81559)
    assert first.condition == "fine"


def test_changes_reach_the_rows(follower: Follower, board: Board, state: State) -> None:
    with state.change("test") as change:
        change.unplug("gpu5")
        change.set("gpu2", "memory.used", 1024)
    until(follower, lambda: board.generation == state.generation)
    found = {row.name: row for row in rows(board, {})}
    assert found["gpu5"].condition == "absent"
    assert found["gpu2"].memory == (1024, 81559)


def test_a_fault_is_named_as_its_command_names_it(follower: Follower, board: Board) -> None:
    follower.call("n1", "fault", {"device": "gpu3", "fault": "xid=79"})
    until(follower, lambda: "gpu3" in board.faults)
    found = {row.name: row for row in rows(board, {})}
    assert found["gpu3"].faults == ("xid=79",)
    assert found["gpu3"].condition == "lost"
    follower.call("n1", "heal", {"device": "gpu3"})
    until(follower, lambda: not board.faults)


def test_load_has_a_history(follower: Follower, board: Board, state: State) -> None:
    state.tickers.append(lambda change, _: change.set("gpu0", "utilisation.gpu", 70))
    state.tick(1.0)
    until(follower, lambda: list(board.devices["gpu0"].history) == [70])


def test_who_holds_a_device_is_found_by_its_uuid_or_address(board: Board) -> None:
    about = {name: seen.about for name, seen in board.devices.items()}
    held = {about["gpu1"]["uuid"]: "default/a", about["gpu2"]["address"]: "default/b"}
    found = {row.name: row.holder for row in rows(board, held)}
    assert (found["gpu0"], found["gpu1"], found["gpu2"]) == ("", "default/a", "default/b")


def test_a_node_that_goes_is_said_to_be_gone(follower: Follower, board: Board) -> None:
    follower.stop()
    until(follower, lambda: True)
    board.alive = False
    console = Console(file=io.StringIO(), width=160)
    console.print(draw([board], {}))
    assert isinstance(console.file, io.StringIO)
    assert "does not answer" in console.file.getvalue()


def test_the_terminal_shows_what_the_rows_say(
    follower: Follower, board: Board, state: State
) -> None:
    follower.call("n1", "fault", {"device": "gpu3", "fault": "xid=79"})
    until(follower, lambda: "gpu3" in board.faults)
    uuid = state.device("gpu1").spec.uuid
    console = Console(file=io.StringIO(), width=200)
    console.print(draw([board], {"n1": {uuid: "default/train-0 (claim train)"}}))
    assert isinstance(console.file, io.StringIO)
    lines = console.file.getvalue().splitlines()
    assert lines[0].startswith("n1: dgx-h100, generation ")
    assert any("gpu3" in line and "xid=79" in line for line in lines)
    assert any("gpu1" in line and "default/train-0 (claim train)" in line for line in lines)


def test_a_spark_grows_with_the_load() -> None:
    assert spark([0, 50, 100]) == " ▄█"
    assert len(spark([10] * 100)) == 20
