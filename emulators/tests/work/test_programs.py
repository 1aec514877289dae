"""Programs reach the devices through the socket, and lose everything when they end."""

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.refusals import Refused
from drawplate.emulators.tests.work.place import PATIENCE, Place
from drawplate.emulators.work.client import Worker, mps_of
from drawplate.emulators.work.operations import WorkOperations


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    yield found
    found.state.remove_surface(found.server)


def test_a_program_is_told_of_every_job(node: Place) -> None:
    with Worker(node.path) as worker:
        opened = worker.ask("open", device="gpu2", name="test")
        accepted = worker.ask("submit", duration_ms=2, count=3, every_ms=5)
        results = list(worker.results(3))
    assert opened["device"] == node.state.device("gpu2").spec.uuid
    assert [one["job"] for one in results] == accepted["jobs"]
    assert all(one["gpu_ms"] == 2.0 and one["error"] == "" for one in results)


def test_a_program_is_listed_by_its_pid_and_gone_when_it_is_killed(node: Place) -> None:
    program = node.start("60000", "--device", "gpu0", "--memory", "1234")
    try:
        node.wait_for_processes(1)
        with node.watcher.moved:
            gpu = node.state.device("gpu0")
            node.watcher.moved.wait_for(lambda: gpu["memory.used"] == 1234, PATIENCE)
        [entry] = gpu["processes"]
        assert (entry["pid"], entry["used_mib"]) == (program.pid, 1234)
    finally:
        program.send_signal(signal.SIGKILL)
        program.communicate()
    node.wait_for_processes(0)
    assert gpu["memory.used"] == 0
    assert node.workshop.idle


def test_the_command_prints_results_and_succeeds(node: Place) -> None:
    program = node.start("3", "--count", "2", "--name", "batch")
    lines = [json.loads(line) for line in program.communicate(timeout=PATIENCE)[0].splitlines()]
    assert program.returncode == 0
    assert [one["gpu_ms"] for one in lines[2:]] == [3.0, 3.0]


def test_the_command_fails_as_cuda_does_when_memory_is_short(node: Place) -> None:
    program = node.start("3", "--memory", "99999999")
    lines = program.communicate(timeout=PATIENCE)[0].splitlines()
    assert program.returncode == 1
    assert json.loads(lines[-1])["error"]["name"] == "CUDA_ERROR_OUT_OF_MEMORY"


def test_a_program_is_told_when_its_device_fails(node: Place) -> None:
    with Worker(node.path) as worker:
        worker.ask("open", device="gpu1")
        worker.ask("submit", duration_ms=60_000)
        with node.state.change() as change:
            change.set("gpu1", "lost", True)  # noqa: FBT003 - a property's value
        [result] = worker.results(1)
        assert result["error"] == "DEVICE_LOST"
        assert worker.ask("submit", duration_ms=1)["error"]["cuda"] == 999


def test_nonsense_is_answered_and_hurts_nobody(node: Place) -> None:
    with Worker(node.path) as worker:
        for request in (
            {"op": "fly"},
            {"op": "submit", "duration_ms": 1},
            {"op": "open", "device": "gpu77"},
            {"op": "open", "device": "gpu0", "share": 0},
        ):
            reply = worker.ask(request.pop("op"), **request)  # type: ignore[arg-type]  # op is text
            assert reply["ok"] is False
        worker.ask("open", device="gpu0")
        for wrong in ({"duration_ms": "soon"}, {"duration_ms": -1}, {"duration_ms": 1, "count": 0}):
            assert worker.ask("submit", **wrong)["error"]["cuda"] == 1
        assert worker.ask("submit", duration_ms=1)["ok"]


def test_nobody_to_talk_to_is_said_with_a_cure(tmp_path: Path) -> None:
    with pytest.raises(SetupProblem) as problem:
        Worker(tmp_path / "none.sock")
    assert "DRAWPLATE_WORK" in problem.value.cure


def test_an_mps_server_is_found_as_cuda_finds_it(tmp_path: Path) -> None:
    environment = {"CUDA_MPS_PIPE_DIRECTORY": str(tmp_path)}
    assert mps_of(environment) == {}
    (tmp_path / "control").touch()
    environment["CUDA_MPS_ACTIVE_THREAD_PERCENTAGE"] = "30"
    assert mps_of(environment) == {"mps": True, "share": 30}


def test_what_each_tenant_got_can_be_asked_for(node: Place) -> None:
    operations = WorkOperations(node.workshop)
    operations.submit("gpu0", 30, tenant="batch")
    with Worker(node.path) as worker:
        worker.ask("open", device="gpu0", name="live")
        worker.ask("submit", duration_ms=1, count=5, every_ms=10)
        list(worker.results(5))
    with node.watcher.moved:
        assert node.watcher.moved.wait_for(lambda: node.workshop.idle, PATIENCE)
    batch, live = operations.tenants()
    assert (batch["name"], batch["gpu_ms"], batch["done"]) == ("batch", 30.0, 1)
    assert (live["name"], live["gpu_ms"], live["done"]) == ("live", 5.0, 5)
    assert len(live["waits_ms"]) == len(live["takes_ms"]) == 3
    node.wait_for_processes(1)
    with node.state.change() as change:
        operations.sweep(change, 0.2)
    assert node.state.device("gpu0")["processes"] == []


def test_the_control_socket_can_submit_and_see_and_cancel(node: Place) -> None:
    operations = WorkOperations(node.workshop)
    first = operations.submit("gpu0", 60_000, tenant="batch")
    again = operations.submit("gpu0", 1, tenant="batch")
    assert first["client"] == again["client"]
    assert [one["job"] for one in operations.jobs(device="gpu0")] == first["jobs"] + again["jobs"]
    assert operations.cancel(client=first["client"]) == {"cancelled": 2}
    assert {one["error"] for one in operations.jobs()} == {"CANCELLED"}
    assert node.state.device("gpu0")["processes"] == []
    with pytest.raises(Refused):
        operations.submit("gpu0", 1, memory_mib=10**8)
