"""What a test left in the CDI folders of a node."""

from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from drawplate.conformance.cluster.nodestate import NodeState
from drawplate.conformance.problems import Inconclusive
from drawplate.conformance.selftest.cluster.fakes import BlindNode, FolderNode

if TYPE_CHECKING:
    from drawplate.fixtures.clusters.provider import Node


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "var/run/cdi"
    made.mkdir(parents=True)
    (made / "common.json").write_text("{}")
    return made


@pytest.fixture
def state(tmp_path: Path, folder: Path) -> NodeState:
    made = NodeState(cast("Node", FolderNode(tmp_path)))
    made.remember()
    return made


def test_nothing_is_surplus_at_first(state: NodeState) -> None:
    assert state.surplus() == []
    assert state.is_right()


def test_new_and_changed_files_are_surplus(state: NodeState, folder: Path) -> None:
    (folder / "claim.json").write_text("{}")
    (folder / "common.json").write_text("[]")

    assert state.surplus() == ["claim.json", "common.json"]


def test_lost_file_is_no_surplus_but_not_right_either(state: NodeState, folder: Path) -> None:
    (folder / "common.json").unlink()

    assert state.surplus() == []
    assert not state.is_right()


def test_clearing_removes_what_is_new_and_nothing_else(state: NodeState, folder: Path) -> None:
    (folder / "claim.json").write_text("{}")

    state.clear()

    assert [path.name for path in folder.iterdir()] == ["common.json"]


def test_without_files_nothing_is_found_and_nothing_is_passed_over() -> None:
    blind = NodeState(cast("Node", BlindNode()))
    blind.remember()

    assert blind.is_right()
    with pytest.raises(Inconclusive, match="cannot be seen"):
        blind.surplus()


def test_files_of_a_claim_are_told_from_those_of_others(state: NodeState, folder: Path) -> None:
    (folder / "claim-aaa.json").write_text("{}")
    (folder / "devices.json").write_text('{"name": "bbb-gpu0"}')
    (folder / "common.json").write_text("{}")

    assert state.names_any(["aaa"])
    assert state.names_any(["zzz", "bbb"])
    assert not state.names_any(["zzz"])
    assert not state.names_any([])


def test_state_that_another_process_remembers_is_taken_over(
    tmp_path: Path, state: NodeState, folder: Path
) -> None:
    (folder / "claim.json").write_text("{}")

    taken_over = NodeState(cast("Node", FolderNode(tmp_path)), state.right)

    assert taken_over.surplus() == ["claim.json"]
