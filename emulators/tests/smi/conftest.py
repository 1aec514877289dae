"""A node with NVML alone, and the program as drivers and people run it."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from drawplate.emulators.node import PARTS, Node, NodeSettings

NEEDED = {"nvml", "mig", "smi"}


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has ended: its exit code, and its lines."""

    code: int
    text: str

    @property
    def lines(self) -> list[str]:
        """The lines, without those that are empty."""
        return [line for line in self.text.splitlines() if line]


Run = Callable[..., Ended]


def make_node(machine: str, folder: Path) -> Node:
    """Start a node that shows nothing but what nvidia-smi needs."""
    without = frozenset(name for name in PARTS if name not in NEEDED)
    node = Node(NodeSettings(machine=machine, name="n1", folder=folder, without=without))
    node.start()
    return node


@pytest.fixture(scope="package")
def started() -> Iterator[Node]:
    # Not in pytest's folder, which users other than this one cannot enter.
    with tempfile.TemporaryDirectory(prefix="drawplate-smi-") as folder:
        Path(folder).chmod(0o755)
        node = make_node("dgx-a100", Path(folder) / "n1")
        yield node
        node.stop()


@pytest.fixture
def node(started: Node) -> Iterator[Node]:
    """Give the node, which is afterwards as it was before."""
    before = {one.name: dict(one.values) for one in started.state.devices(absent=True)}
    yield started
    with started.state.change("as before") as change:
        for name, values in before.items():
            if not started.state.device(name).present:
                change.plug(name)
            change.update(name, values)


@pytest.fixture
def run(node: Node) -> Run:
    """Run the program without environment, as the pre-start script of a driver does."""
    program = node.settings.root / "usr/bin/nvidia-smi"

    def run(*words: str, uid: int | None = None, **variables: str) -> Ended:
        done = subprocess.run(
            [program, *words],
            env=variables,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            user=uid,
        )
        assert not done.stderr
        return Ended(done.returncode, done.stdout)

    return run


@pytest.fixture
def as_root() -> None:
    """Skip what real hardware lets only root do."""
    if os.geteuid() != 0:
        pytest.skip("only root may change hardware")
