"""NVIDIA's own generator of CDI specifications takes an emulated node for a real one."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drawplate.emulators.mig import lifecycle
from drawplate.emulators.mig.instances import mig_devices
from drawplate.emulators.node import PARTS, Node, NodeSettings

pytestmark = pytest.mark.root

_NEEDED = {"nvml", "mig", "smi", "devices", "tree"}
# Where the real programs look: the folders of /proc and /sys have no root that could be set.
_GENERATE = """
set -e
mount --bind "$1/sys" /sys
mount --bind "$1/proc/driver" /proc/driver
mount --bind "$1/proc/devices" /proc/devices
exec "$2" --quiet cdi generate --driver-root "$1" --output "$3"
"""
# Profiles of the driver: a half of the board, and the compute instance that fills it.
_HALF, _ALL_OF_IT = 9, 2


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    without = frozenset(PARTS) - _NEEDED
    one = Node(NodeSettings("dgx-h100", "n1", tmp_path / "hw", without=without))
    one.start()
    yield one
    one.stop()


def generate(node: Node, readers: Path, output: Path) -> dict[str, Any]:
    """Let the toolkit write a specification, and CDI's own library read it."""
    root = str(node.settings.root)
    command = ["unshare", "--mount", "sh", "-c", _GENERATE, "sh", root]
    done = subprocess.run(
        [*command, readers / "nvidia-ctk", output], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    checked = subprocess.run([readers / "cdicheck", output], capture_output=True, check=True)
    found: dict[str, Any] = json.loads(checked.stdout)
    return found


def test_each_gpu_is_a_device_with_its_nodes(node: Node, readers: Path, tmp_path: Path) -> None:
    spec = generate(node, readers, tmp_path / "nvidia.yaml")

    assert spec["kind"] == "nvidia.com/gpu"
    uuids = {gpu.spec.uuid for gpu in node.state.devices("gpu")}
    assert set(spec["devices"]) == {*map(str, range(8)), *uuids, "all"}
    assert spec["devices"]["3"]["nodes"] == [
        "/dev/nvidia3",
        "/dev/dri/card3",
        "/dev/dri/renderD131",
    ]
    common = {"/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools", "/dev/nvidia-modeset"}
    assert common <= set(spec["nodes"])
    libraries = [path for path in spec["mounts"] if "libnvidia-ml.so.580.95.05" in path]
    assert len(libraries) == 1
    assert any(path.endswith("/nvidia-smi") for path in spec["mounts"])


def test_mig_devices_bring_their_capabilities(node: Node, readers: Path, tmp_path: Path) -> None:
    gpu = node.state.device("gpu0")
    with node.state.change() as change:
        lifecycle.set_mig_mode(change, gpu, 1)
        for _ in range(2):
            made = lifecycle.create_gpu_instance(change, gpu, _HALF)
            lifecycle.create_compute_instance(change, gpu, made.gi, _ALL_OF_IT)
    first, second = mig_devices(gpu)

    spec = generate(node, readers, tmp_path / "nvidia.yaml")

    assert {"0:0", "0:1", first.compute.uuid, second.compute.uuid} <= set(spec["devices"])
    assert "0" not in spec["devices"]
    caps = [path for path in spec["devices"]["0:1"]["nodes"] if "nvidia-caps" in path]
    assert len(caps) == 2
    assert set(caps).isdisjoint(spec["devices"]["0:0"]["nodes"])
    for path in caps:
        assert (node.settings.root / path.lstrip("/")).is_char_device()


def test_an_unplugged_gpu_is_not_generated(node: Node, readers: Path, tmp_path: Path) -> None:
    gone = node.state.device("gpu5").spec.uuid
    with node.state.change() as change:
        change.unplug("gpu5")

    spec = generate(node, readers, tmp_path / "nvidia.yaml")

    assert gone not in spec["devices"]
    nodes = [path for device in spec["devices"].values() for path in device["nodes"]]
    assert "/dev/nvidia5" not in nodes
    assert "/dev/nvidia7" in nodes
