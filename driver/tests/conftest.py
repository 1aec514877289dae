"""What the driver's tests stand on: a node's folders, its hardware, and a core on top of them."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drawplate.driver import sharing
from drawplate.driver.cdi import CdiFolder
from drawplate.driver.checkpoint import Checkpoint
from drawplate.driver.claims import Claims
from drawplate.driver.core import Core
from drawplate.driver.hardware import Hardware
from drawplate.driver.ledger import Ledger
from drawplate.driver.metrics import Metrics
from drawplate.driver.scope import Scope
from drawplate.driver.tests.fakes import DRIVER, NODE, FakeApi
from drawplate.emulators import machine


class Node:
    """A node's folders, and the core of a driver that works in them."""

    def __init__(self, root: Path, api: FakeApi) -> None:
        self.root = root
        self.api = api
        self.machine = root / "machine.yaml"
        self.cdi_folder = root / "cdi"
        self.checkpoint_file = root / "state" / "checkpoint.json"
        self.start()

    def start(self) -> None:
        """Begin anew with what is on disk, as a process does after a crash."""
        self.hardware = Hardware(str(self.machine), NODE)
        self.checkpoint = Checkpoint(self.checkpoint_file)
        self.ledger = Ledger(self.checkpoint)
        self.cdi = CdiFolder(self.cdi_folder, DRIVER)
        self.claims = Claims(lambda: self.api, DRIVER)
        self.core = Core(
            pool=NODE,
            claims=self.claims,
            scope=Scope(sharing.parse),
            hardware=self.hardware,
            ledger=self.ledger,
            cdi=self.cdi,
            metrics=Metrics(),
        )
        self.ledger.load(self.cdi.take_over)
        self.core.restore()

    @property
    def devices(self) -> list[str]:
        """The names of all devices."""
        return [gpu.name for gpu in self.hardware.gpus()]

    @property
    def cdi_files(self) -> dict[str, str]:
        """All files in the CDI folder, with their content."""
        return {path.name: path.read_text() for path in self.cdi_folder.glob("*")}


@pytest.fixture
def api() -> FakeApi:
    return FakeApi()


@pytest.fixture
def wait_for() -> Callable[[Callable[[], Any]], None]:
    """Give a function that waits until something other threads do is done."""

    def wait(condition: Callable[[], Any]) -> None:
        deadline = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < deadline, "it did not happen within 20 s"
            time.sleep(0.01)

    return wait


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Give a folder for sockets, whose paths have 107 bytes at most; pytest's own are too deep."""
    with tempfile.TemporaryDirectory(prefix="dp-") as folder:
        yield Path(folder)


@pytest.fixture
def make_node(short_path: Path, api: FakeApi) -> Callable[[str], Node]:
    def make(name: str) -> Node:
        shutil.copy(machine.shipped()[name], short_path / "machine.yaml")
        return Node(short_path, api)

    return make


@pytest.fixture
def node(make_node: Callable[[str], Node]) -> Node:
    """Give a node with eight GPUs."""
    return make_node("dgx-h100")
