"""What becomes of partitions when the state's process ends, or the board loses power."""

from pathlib import Path

import pytest

from drawplate.emulators.node import PARTS, Node, NodeSettings
from drawplate.emulators.refusals import Reason, Refused


def start(folder: Path) -> Node:
    without = frozenset(name for name in PARTS if name != "mig")
    node = Node(NodeSettings(machine="dgx-h100", name="n1", folder=folder, without=without))
    node.start()
    return node


def test_partitions_survive_the_process_that_keeps_the_state(tmp_path: Path) -> None:
    first = start(tmp_path)
    first.operations["mig-mode"]("gpu0", 1)
    made = first.operations["mig-create"]("gpu0", "3g.40gb", start=0)
    first.stop()
    second = start(tmp_path)
    try:
        assert second.operations["mig-list"]("gpu0")["instances"] == [made]
    finally:
        second.stop()


def test_partitions_end_when_the_board_is_unplugged(tmp_path: Path) -> None:
    node = start(tmp_path)
    try:
        node.operations["mig-mode"]("gpu0", 1)
        node.operations["mig-create"]("gpu0", "7g.80gb")
        with node.state.change() as change:
            change.unplug("gpu0")
        assert node.state.device("gpu0")["mig.instances"] == []
    finally:
        node.stop()


def test_operations_tell_what_is_there_and_what_fits(tmp_path: Path) -> None:
    node = start(tmp_path)
    try:
        node.operations["mig-mode"]("gpu0", 1)
        gi = node.operations["mig-create"]("gpu0", "4g.40gb")["gi"]
        room = node.operations["mig-list"]("gpu0")["room"]
        assert (room["1g.10gb"], room["3g.40gb"], room["7g.80gb"]) == (3, 1, 0)

        node.operations["mig-destroy"]("gpu0", gi)
        assert node.operations["mig-list"]("gpu0")["room"]["7g.80gb"] == 1
        with pytest.raises(Refused, match="there are 1g") as caught:
            node.operations["mig-create"]("gpu0", "5g.50gb")
        assert caught.value.reason is Reason.INVALID
    finally:
        node.stop()
