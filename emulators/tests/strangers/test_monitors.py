"""Monitors from package registries, unmodified, on machines in the states that they seldom meet."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from drawplate.emulators.mig import lifecycle
from drawplate.emulators.node import PARTS, Node, NodeSettings

_BIN = Path(sys.executable).parent
_HALF, _ALL_OF_IT = 9, 2


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    without = frozenset(PARTS) - {"nvml", "mig", "smi"}
    one = Node(NodeSettings("dgx-h100", "n1", tmp_path / "hw", without=without))
    one.start()
    yield one
    one.stop()


def show(node: Node, *command: str) -> str:
    library = next((node.settings.root / "usr/lib").glob("*/libnvidia-ml.so.1"))
    variables = {"LD_LIBRARY_PATH": str(library.parent), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, **variables}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_nvitop_shows_the_memory_window_of_a_partition(node: Node) -> None:
    with node.state.change() as change:
        gpu = node.state.device("gpu2")
        lifecycle.set_mig_mode(change, gpu, 1)
        made = lifecycle.create_gpu_instance(change, gpu, _HALF)
        lifecycle.create_compute_instance(change, gpu, made.gi, _ALL_OF_IT)

    shown = show(node, str(_BIN / "nvitop"), "-1", "--ascii")

    (row,) = [line for line in shown.splitlines() if "2:0" in line]
    assert "3g.40gb" in row
    assert "BAR1" in row


def test_monitors_tell_a_lost_gpu_from_the_others(node: Node) -> None:
    with node.state.change() as change:
        change.update("gpu0", {"lost": True})

    assert "Lost" in show(node, str(_BIN / "nvitop"), "-1", "--ascii")
    lines = show(node, str(_BIN / "gpustat"), "--no-header", "--no-color").splitlines()
    assert "lost" in lines[0]
    assert ["H100" in line for line in lines] == [False] + [True] * 7
