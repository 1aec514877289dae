"""What the driver's tests stand on: a node's folders, its hardware, and a core on top of them."""

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from drawplate.driver.tests.fakes import DRIVER, NODE, FakeApi, FakeFamily
from drawplate.emulators.nic import namespaces
from drawplate.emulators.node import Node as EmulatedNode
from drawplate.emulators.node import NodeSettings
from drawplate.emulators.tests.nic.lab import Lab, Process

# What needs root, or would touch this machine.
WITHOUT = frozenset({"nic", "delivery", "uevents", "fuse"})


class Node:
    """A node's folders, and the core of a driver that works in them."""

    def __init__(self, root: Path, api: FakeApi) -> None:
        self.root = root
        self.api = api
        self.family = FakeFamily()
        self.cdi_folder = root / "cdi"
        self.checkpoint_file = root / "state" / "checkpoint.json"
        self.start()

    def start(self) -> None:
        """Begin anew with what is on disk, as a process does after a crash."""
        self.hardware = Hardware(self.family)
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
        return [device.name for device in self.hardware.devices()]

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


@contextmanager
def emulated(machine: str) -> Iterator[EmulatedNode]:
    """Run an emulated node of a shipped machine, or of a machine file, in this process."""
    with tempfile.TemporaryDirectory(prefix="dp-") as folder:
        options = {"tpu.metrics": "off"}
        node = EmulatedNode(NodeSettings(machine, NODE, Path(folder), WITHOUT, options))
        node.start()
        try:
            yield node
        finally:
            node.stop()


def do(node: EmulatedNode, operation: str, *arguments: Any) -> None:
    """Do something to an emulated node, and wait until all that is read there shows it."""
    node.operations[operation](*arguments)
    node.operations["wait"]()


Cards = Callable[..., Process]


@pytest.fixture
def cards(tmp_path: Path) -> Iterator[Cards]:
    """Give a function that runs a node whose interfaces are in a network namespace `node`.

    There are two others, `pod-a` and `pod-b`, for what has been handed out.
    """
    lab = Lab(tmp_path)
    names = ("node", "pod-a", "pod-b")
    processes: list[Process] = []
    for name in names:
        namespaces.make_namespace(lab.path(name))

    def start(machine: str = "nic-2xcx7") -> Process:
        processes.append(Process(lab, machine, tmp_path / "folder", ("tpu.metrics=off",)))
        processes[-1].start()
        return processes[-1]

    yield start
    for process in processes:
        process.end()
    for name in names:
        namespaces.drop_namespace(lab.path(name))


@pytest.fixture(scope="session")
def edge_l4() -> Iterator[Path]:
    """Give the root of an emulated node with one GPU."""
    with emulated("edge-l4") as machine:
        yield machine.settings.root


@pytest.fixture
def node(short_path: Path, api: FakeApi) -> Node:
    """Give a node with eight devices."""
    return Node(short_path, api)
