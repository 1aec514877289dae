"""In a node, faults and work go together, and a restart keeps the one and forgets the other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from drawplate.emulators.control.client import Hardware
from drawplate.emulators.machine.shipped import shipped
from drawplate.emulators.node import PARTS, Node, NodeSettings
from drawplate.emulators.places import CONTROL_SOCKET, WORK_SOCKET
from drawplate.emulators.problems import Problem
from drawplate.emulators.work.client import Worker

OTHERS = frozenset(PARTS) - {"faults", "work"}


def start(folder: Path, machine: str = "dgx-h100") -> Node:
    settings = NodeSettings(machine, "node", folder, without=OTHERS)
    node = Node(settings)
    node.start()
    return node


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    started = start(tmp_path / "n")
    yield started
    started.stop()


def test_a_fault_by_the_control_socket_fails_work_on_the_device(node: Node) -> None:
    folder = node.settings.folder
    with Hardware(folder / CONTROL_SOCKET) as hardware, Worker(folder / WORK_SOCKET) as worker:
        worker.ask("open", device="gpu3")
        worker.ask("submit", duration_ms=60_000)
        reply = hardware.fault("gpu3", "xid=79", **{"for": "1h"})
        hardware.wait(reply["generation"])
        [result] = worker.results(1)
        assert result["error"] == "DEVICE_LOST"
        assert [one["fault"] for one in hardware.call("faults")["active"]] == ["xid"]
        hardware.heal("gpu3", "xid=79")
        assert hardware.get("gpu3", "lost") is False


def test_wrong_words_reach_the_user_with_a_cure(node: Node) -> None:
    with (
        Hardware(node.settings.folder / CONTROL_SOCKET) as hardware,
        pytest.raises(Problem) as problem,
    ):
        hardware.fault("gpu3", "xdi=79")
    assert "xid" in problem.value.cure


def test_a_restart_keeps_faults_and_forgets_work(tmp_path: Path) -> None:
    first = start(tmp_path / "n")
    folder = first.settings.folder
    with Hardware(folder / CONTROL_SOCKET) as hardware, Worker(folder / WORK_SOCKET) as worker:
        hardware.fault("gpu1", "lost")
        hardware.fault("gpu2", "slow=1s")
        worker.ask("open", device="gpu0")
        worker.ask("submit", duration_ms=60_000, memory_mib=100)
        assert hardware.get("gpu0", "memory.used") == 100
    first.stop()
    second = start(tmp_path / "n")
    try:
        with Hardware(folder / CONTROL_SOCKET) as hardware:
            assert hardware.get("gpu1", "lost") is True
            assert hardware.get("gpu0", "memory.used") == 0
            assert hardware.get("gpu0", "processes") == []
            assert len(second.state.call_rules) == 1
            hardware.call("heal")
            assert hardware.get("gpu1", "lost") is False
            assert not second.state.call_rules
    finally:
        second.stop()


def test_faults_of_the_machine_file_begin_with_a_new_node_and_not_with_a_restart(
    tmp_path: Path,
) -> None:
    text = shipped()["edge-l4"].read_text(encoding="utf-8")
    machine = tmp_path / "machine.yaml"
    machine.write_text(f"{text}faults: [{{at: 0s, fault: gpu0 lost}}]\n", encoding="utf-8")
    first = start(tmp_path / "n", str(machine))
    first.state.tick(0.2)
    assert first.state.device("gpu0")["lost"] is True
    first.operations["heal"]("gpu0")
    first.stop()
    second = start(tmp_path / "n", str(machine))
    try:
        second.state.tick(0.2)
        assert second.state.device("gpu0")["lost"] is False
    finally:
        second.stop()
