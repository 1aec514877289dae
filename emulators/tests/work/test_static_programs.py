"""Containers need no Python: static programs work, and MPS limits reach the hardware."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drawplate.emulators.state.change import CallRule
from drawplate.emulators.tests.work.place import PATIENCE, Place
from drawplate.emulators.work.build import MPS_CONTROL, WORK, install
from drawplate.emulators.work.channel import PERSISTENCED, Channel


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("root")
    for which in (WORK, MPS_CONTROL):
        install(which, made)
    return made


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Place]:
    found = Place(tmp_path)
    yield found
    found.state.remove_surface(found.server)


class Mps:
    """An MPS control daemon with folders of its own."""

    def __init__(self, root: Path, folder: Path, work: Path) -> None:
        self.program = str(root / MPS_CONTROL[1])
        self.pipes, self.logs = folder / "a/pipe", folder / "a/log"
        self.environment = {
            **os.environ,
            "CUDA_MPS_PIPE_DIRECTORY": str(self.pipes),
            "CUDA_MPS_LOG_DIRECTORY": str(self.logs),
            "DRAWPLATE_WORK": str(work),
        }

    def run(self, *flags: str, commands: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.program, *flags],
            input=commands,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )


@pytest.fixture
def mps(root: Path, tmp_path: Path, node: Place) -> Iterator[Mps]:
    control = Mps(root, tmp_path, node.path)
    yield control
    control.run(commands="quit\n")


def work(
    root: Path, *words: str, environment: dict[str, str]
) -> tuple[int, list[dict[str, object]], str]:
    done = subprocess.run(
        [str(root / WORK[1]), *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def test_a_static_program_works_and_prints_what_became_of_it(root: Path, node: Place) -> None:
    environment = {"DRAWPLATE_WORK": str(node.path)}
    words = ("2.5", "--count", "3", "--name", 'a "b"\\', "--device", "gpu4")
    code, lines, _ = work(root, *words, environment=environment)
    assert code == 0
    assert [one.get("ok") for one in lines[:2]] == [True, True]
    jobs = [one["job"] for one in lines[2:]]
    assert len(jobs) == 3
    [context] = node.workshop.known.values()
    assert context.opening.name == 'a "b"\\'


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ((), 2),
        (("x",), 2),
        (("1", "--fly", "1"), 2),
        (("1", "--count"), 2),
        (("1", "--device", "gpu99"), 1),
        (("1", "--memory", "99999999"), 1),
    ],
)
def test_a_static_program_fails_with_a_word(
    root: Path, node: Place, words: tuple[str, ...], code: int
) -> None:
    found, lines, errors = work(root, *words, environment={"DRAWPLATE_WORK": str(node.path)})
    assert found == code
    assert lines or errors


def test_a_static_program_says_that_there_is_no_device(root: Path, tmp_path: Path) -> None:
    nobody = {"DRAWPLATE_WORK": str(tmp_path / "none.sock")}
    code, _, errors = work(root, "1", environment=nobody)
    assert code == 3
    assert "none.sock" in errors


def test_limits_of_the_mps_daemon_reach_the_hardware(root: Path, mps: Mps, node: Place) -> None:
    assert mps.run("-d").returncode == 0
    commands = "set_default_active_thread_percentage 25\nset_default_device_pinned_mem_limit 0 1G\n"
    assert mps.run(commands=commands).stdout == "25.0\n"
    asked = mps.run(commands="get_default_active_thread_percentage\nget_server_list\n")
    assert asked.stdout == "25.0\n"
    code, lines, _ = work(root, "4", "--memory", "1024", environment=mps.environment)
    assert code == 0
    assert lines[2]["job"]["ran_ms"] == 16.0  # type: ignore[index]  # a quarter of the GPU
    assert work(root, "4", "--memory", "1025", environment=mps.environment)[0] == 1
    lower = {**mps.environment, "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": "10"}
    higher = {**mps.environment, "CUDA_MPS_ACTIVE_THREAD_PERCENTAGE": "90"}
    work(root, "1", environment=lower)
    work(root, "1", environment=higher)
    shares = [one.opening.share for one in node.workshop.known.values()]
    assert shares == [25, 25, 10, 25]
    assert all(one.opening.mps for one in node.workshop.known.values())


def test_a_second_mps_daemon_is_refused_and_quit_ends_the_first(mps: Mps) -> None:
    assert mps.run("-d").returncode == 0
    assert mps.run("-d").returncode == 1
    mps.run(commands="quit\n")
    assert mps.run(commands="get_server_list\n").returncode == 1
    assert "Cmd:quit" in (mps.logs / "control.log").read_text()
    assert mps.run("-d").returncode == 0


def test_a_fault_keeps_the_mps_daemon_from_starting(mps: Mps, node: Place) -> None:
    with node.state.change() as change:
        change.add_rule(CallRule("f1", "mps", "control", result="UNKNOWN"))
    assert mps.run("-d").returncode == 1
    with node.state.change() as change:
        change.remove_rules("f1")
    assert mps.run("-d").returncode == 0


def test_the_socket_stands_where_cdi_files_of_real_drivers_look(
    root: Path, tmp_path: Path, node: Place
) -> None:
    channel = Channel(tmp_path / "driver", node.path)
    node.state.add_surface(channel)
    place = tmp_path / "driver" / PERSISTENCED
    assert place.is_socket()
    assert work(root, "1", environment={"DRAWPLATE_WORK": str(place)})[0] == 0
    node.state.remove_surface(channel)
    assert not place.exists()
