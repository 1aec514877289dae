"""MIG as nvidia-ml-py, unmodified, makes and sees it."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drawplate.emulators.node import PARTS, Node, NodeSettings

pytestmark = pytest.mark.root

LIFE = Path(__file__).with_name("life_of_a_partition.py")


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    without = frozenset(name for name in PARTS if name not in {"nvml", "mig"})
    node = Node(NodeSettings(machine="dgx-h100", name="n1", folder=tmp_path, without=without))
    node.start()
    yield node
    node.stop()


def test_a_whole_life_of_a_partition(node: Node) -> None:
    folder = next((node.settings.root / "usr/lib").iterdir())
    done = subprocess.run(
        [sys.executable, str(LIFE)],
        env={"LD_LIBRARY_PATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert not done.stderr
    assert node.state.device("gpu0")["mig.instances"] == []
