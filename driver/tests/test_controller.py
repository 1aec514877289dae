"""The controller: it follows the inventory, and nothing else that is said of its pools lasts."""

import logging
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drawplate.driver import kubeconfig, main
from drawplate.driver.controller import Controller
from drawplate.driver.daemon import Driver
from drawplate.driver.settings import parse
from drawplate.driver.tests.fakes import SLICES, WatchedApi
from drawplate.driver.tests.inventories import pool, write
from drawplate.driver.tests.test_main import KUBECONFIG, Process
from drawplate.emulators.problems import SetupProblem

DRIVER = "fabric.drawplate.dev"
CONTROLLER = ("--role=controller", "--family=fabric")
Wait = Callable[..., None]


class Running:
    """A controller that runs in this process, with its server and its inventory."""

    def __init__(self, folder: Path, api: WatchedApi) -> None:
        self.folder = folder
        self.api = api
        self.controller: Controller | None = None
        api.put("/api/v1/namespaces/drivers", {"metadata": {"uid": "u"}})

    def start(self, *pools: dict[str, Any]) -> None:
        """Start it with an inventory of these pools."""
        (self.folder / "kubeconfig").write_text(KUBECONFIG)
        inventory = f"--inventory={write(self.folder, *pools)}"
        access = f"--kubeconfig={self.folder / 'kubeconfig'}"
        self.controller = Controller(parse([*CONTROLLER, inventory, access, "--namespace=drivers"]))
        self.controller.start()

    @property
    def published(self) -> dict[str, list[str]]:
        """The names of the devices by that of the pool."""
        with self.api._lock:
            found = [one for path, one in self.api.objects.items() if path.startswith(SLICES)]
        return {
            one["spec"]["pool"]["name"]: [d["name"] for d in one["spec"].get("devices", [])]
            for one in found
        }


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    api = WatchedApi()
    monkeypatch.setattr(kubeconfig, "connector", lambda _: lambda: api)
    made = Running(tmp_path, api)
    yield made
    if made.controller:
        made.controller.stop()
    api.end_watches()


def test_it_follows_the_inventory(running: Running, wait_for: Wait) -> None:
    running.start(pool("everywhere", 1), pool("linux", 2, nodeLabels={"os": "linux"}))
    wait_for(lambda: running.published == {"everywhere": ["acc-1"], "linux": ["acc-2"]})
    write(running.folder, pool("everywhere", 1, 3), pool("new", 2))

    wait_for(lambda: running.published == {"everywhere": ["acc-1", "acc-3"], "new": ["acc-2"]})
    write(running.folder)
    wait_for(lambda: running.published == {})
    write(running.folder, pool("linux", 2))
    wait_for(lambda: running.published == {"linux": ["acc-2"]})


def test_slices_of_pools_that_went_while_nobody_ran_are_withdrawn(
    running: Running, wait_for: Wait
) -> None:
    gone = {"name": "gone", "generation": 3, "resourceSliceCount": 1}
    spec = {"driver": DRIVER, "allNodes": True, "pool": gone}
    running.api.put(f"{SLICES}/old", {"metadata": {"name": "old"}, "spec": spec})
    running.start(pool("everywhere", 1))

    wait_for(lambda: running.published == {"everywhere": ["acc-1"]})
    # One that comes later is nobody's either.
    running.api.put(f"{SLICES}/late", {"metadata": {"name": "late"}, "spec": spec})
    wait_for(lambda: running.published == {"everywhere": ["acc-1"]})


def test_deleted_and_edited_slices_come_back(running: Running, wait_for: Wait) -> None:
    running.start(pool("everywhere", 1))
    wait_for(lambda: running.published)
    (found,) = (one for path, one in running.api.objects.items() if path.startswith(SLICES))
    path = f"{SLICES}/{found['metadata']['name']}"
    running.api.put(path, {**found, "spec": {**found["spec"], "devices": []}})
    wait_for(lambda: running.published == {"everywhere": ["acc-1"]})
    conditions = running.api.objects[path]["metadata"]
    running.api.delete(path, {"preconditions": {"uid": conditions["uid"]}})

    wait_for(lambda: running.published == {"everywhere": ["acc-1"]})
    assert path not in running.api.objects


def test_a_broken_inventory_changes_nothing_and_is_told_once(
    running: Running, wait_for: Wait, caplog: pytest.LogCaptureFixture
) -> None:
    running.start(pool("everywhere", 1))
    wait_for(lambda: running.published)
    (running.folder / "..data" / "inventory.json").write_text("{")
    assert running.controller
    for _ in range(2):
        running.controller.look()
    said = [one.message for one in caplog.records if one.levelno == logging.ERROR]

    assert said == ["the inventory cannot be read"]
    assert running.published == {"everywhere": ["acc-1"]}
    write(running.folder, pool("everywhere", 2))
    wait_for(lambda: running.published == {"everywhere": ["acc-2"]})


def test_a_stop_leaves_the_slices(running: Running, wait_for: Wait) -> None:
    running.start(pool("everywhere", 1))
    wait_for(lambda: running.published)
    assert running.controller
    running.controller.stop()
    write(running.folder)
    running.controller.look()

    assert running.published == {"everywhere": ["acc-1"]}


def test_the_process_serves_its_health_and_nothing_on_the_node(
    short_path: Path, wait_for: Wait
) -> None:
    inventory = write(short_path, pool("everywhere", 1, 2))
    process = Process(short_path, short_path, *CONTROLLER, f"--inventory={inventory}")
    try:
        wait_for(lambda: process.said("http"))
        assert process.page("/healthz") == (200, "ok\n")
        assert "drawplate_driver_devices 2.0" in process.page("/metrics")[1]
    finally:
        process.popen.send_signal(signal.SIGTERM)
        assert process.popen.wait(20) == 0
    assert process.lines[-1]["message"] == "ended"
    for folder in ("plugins_registry", "plugins", "cdi", "state"):
        assert not (short_path / folder).exists()


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (["--role=controller"], "--role"),
        (["--role=controller", "--family=nic"], "--role"),
        (["--role=controller", "--family=fabric"], "--inventory"),
        (["--family=fabric", "--node-name=node-a"], "--inventory"),
        (["--family=fabric", "--inventory=/i"], "--node-name"),
        (["--family=gpu"], "--node-name"),
        ([*CONTROLLER, "--inventory=/i", "--namespace=a.b"], "--namespace"),
        ([*CONTROLLER, "--inventory=/i", "--driver-name=A"], "--driver-name"),
    ],
)
def test_what_cannot_work_is_one_clear_message(arguments: list[str], where: str) -> None:
    with pytest.raises(SetupProblem) as caught:
        parse(arguments)

    assert caught.value.where == where
    assert caught.value.cure


def test_a_controller_needs_no_node_and_a_broken_inventory_keeps_it_from_starting(
    short_path: Path,
) -> None:
    (short_path / "inventory").write_text("{")
    arguments = [*CONTROLLER, f"--inventory={short_path / 'inventory'}"]
    assert parse(arguments).node == ""
    shown = subprocess.run(
        [*_program(), *arguments], capture_output=True, text=True, check=False, timeout=30
    )

    assert shown.returncode == 3
    assert "neither YAML nor JSON" in shown.stderr


def test_the_role_decides_what_is_built(short_path: Path) -> None:
    (short_path / "kubeconfig").write_text(KUBECONFIG)
    given = [f"--inventory={write(short_path)}", f"--kubeconfig={short_path / 'kubeconfig'}"]
    given += ["--family=fabric", "--node-name=node-a"]

    assert isinstance(main.build_either([*given, "--role=controller"]), Controller)
    assert isinstance(main.build_either(given), Driver)


def _program() -> list[str]:
    return [sys.executable, "-m", "drawplate.driver.main"]
