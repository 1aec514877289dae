"""Nodes that stay up: started once, found again, recovered after a kill, and gone after `down`."""

import json
import os
import select
import signal
from collections.abc import Iterator

import pytest

from drawplate.emulators.tests.delivery.conftest import MACHINE, NAME, WITHOUT, Drawplate

pytestmark = [pytest.mark.usefixtures("nothing_left")]


@pytest.fixture
def node(drawplate: Drawplate) -> Iterator[str]:
    """Give the name of a node that is up."""
    done = drawplate("up", NAME, "--machine", MACHINE, WITHOUT)
    assert done.returncode == 0, done.stderr
    yield NAME
    drawplate("down", NAME)


def test_a_node_that_is_up_answers_by_its_name(drawplate: Drawplate, node: str) -> None:
    devices = json.loads(drawplate("ls", "--on", node, "--json").stdout)

    assert [*devices] == ["gpu0"]
    assert devices["gpu0"]["address"] == "0000:01:00.0"


def test_a_second_start_finds_it_up(drawplate: Drawplate, node: str) -> None:
    again = drawplate("up", node, "--machine", MACHINE)
    other = drawplate("up", node, "--machine", "dgx-h100")

    assert (again.returncode, other.returncode) == (0, 3)
    assert "is up already" in again.stderr
    assert f"is up with the machine {MACHINE}" in other.stderr


def test_a_killed_node_goes_on_where_it_was(drawplate: Drawplate, node: str) -> None:
    drawplate("unplug", "gpu0", "--on", node)
    _kill(drawplate, node)
    assert _status(drawplate, node)["state"] == "dead"

    drawplate("up", node, "--machine", MACHINE, WITHOUT)

    devices = json.loads(drawplate("ls", "--on", node, "--json").stdout)
    assert devices["gpu0"]["present"] is False


def test_a_fresh_start_forgets(drawplate: Drawplate, node: str) -> None:
    drawplate("unplug", "gpu0", "--on", node)
    _kill(drawplate, node)

    drawplate("up", node, "--machine", MACHINE, WITHOUT, "--fresh")

    devices = json.loads(drawplate("ls", "--on", node, "--json").stdout)
    assert devices["gpu0"]["present"] is True


def test_a_killed_node_is_taken_down_like_any_other(drawplate: Drawplate, node: str) -> None:
    _kill(drawplate, node)

    assert drawplate("down", node).stdout == f"node {node} is down\n"


@pytest.mark.root
def test_a_command_runs_on_a_node_that_stays(drawplate: Drawplate, node: str) -> None:
    done = drawplate("run", "--on", node, "--", "sh", "-c", "ls /dev/nvidia0; exit 5")

    assert (done.returncode, done.stdout) == (5, "/dev/nvidia0\n")
    assert _status(drawplate, node)["state"] == "up"


def test_a_start_that_fails_leaves_nothing(drawplate: Drawplate) -> None:
    done = drawplate("up", NAME, "--machine", MACHINE, WITHOUT, "--option", "nonsense")

    assert done.returncode == 3
    assert "'nonsense" in done.stderr


@pytest.mark.parametrize("name", ["Upper", "../x", "a" * 41])
def test_a_name_that_is_none_is_refused(drawplate: Drawplate, name: str) -> None:
    done = drawplate("up", "--machine", MACHINE, "--", name)

    assert done.returncode == 3
    assert "cannot name a node" in done.stderr


def _status(drawplate: Drawplate, name: str) -> dict[str, object]:
    found: list[dict[str, object]] = json.loads(drawplate("status", name, "--json").stdout)
    return found[0]


def _kill(drawplate: Drawplate, name: str) -> None:
    pid = _status(drawplate, name)["pid"]
    assert isinstance(pid, int)
    descriptor = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([descriptor], [], [])
    os.close(descriptor)
