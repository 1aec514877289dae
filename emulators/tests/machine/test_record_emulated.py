"""Recording an emulated node: the /sys and the NVML that Drawplate shows give its machine back."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from drawplate.emulators.machine.placed import NodeSpec, place
from drawplate.emulators.machine.record.recording import Wanted, record
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.node import Node, NodeSettings

Start = Callable[..., Node]
LEFT_OUT = frozenset({"fuse", "mig", "smi", "nic", "tpu", "delivery", "uevents"})

RECORD = """
import sys
from pathlib import Path
from drawplate.emulators.machine.record.recording import Wanted, record
text, _ = record(Wanted(sysfs=Path(sys.argv[1]), nvml=True, keep_identities=True))
Path(sys.argv[2]).write_text(text)
"""


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a node that shows its /sys as plain files, and nothing that needs privileges."""
    with ExitStack() as stack:

        def start(machine: str, left_out: frozenset[str] = LEFT_OUT | {"nvml"}) -> Node:
            settings = NodeSettings(
                machine, "node-a", tmp_path / "node", left_out, {"tree.numa": "yes"}
            )
            return stack.enter_context(_running(settings))

        yield start


@contextmanager
def _running(settings: NodeSettings) -> Iterator[Node]:
    settings.folder.mkdir()
    node = Node(settings)
    node.start()
    try:
        yield node
    finally:
        node.stop()


# One of each kind; the others are recorded from plain folders.
@pytest.mark.parametrize("name", ["hgx-b200", "intel-flex", "tpu-v7x", "nic-2xcx7", "edge-mixed"])
def test_the_machine_comes_back(start: Start, tmp_path: Path, name: str) -> None:
    node = start(name)

    text, _ = record(Wanted(sysfs=node.settings.root / "sys"))

    file = tmp_path / "recorded.yaml"
    file.write_text(text)
    again = place(load(str(file)), "node-a")
    assert _seen(again) == _seen(node.state.node)
    assert again.bridges == node.state.node.bridges
    assert again.machine.numa == node.state.node.machine.numa
    assert again.machine.chassis.product == node.state.node.machine.chassis.product


@pytest.mark.parametrize("name", ["dgx-h100", "edge-l4"])
def test_nvml_tells_identities_versions_and_links(start: Start, tmp_path: Path, name: str) -> None:
    node = start(name, LEFT_OUT)
    file = tmp_path / "recorded.yaml"

    _record_with_nvml(node.settings.root, file)

    again, given = place(load(str(file)), "another-node"), node.state.node
    assert [one.uuid for one in again.devices] == [one.uuid for one in given.devices]
    assert [one.serial for one in again.devices] == [one.serial for one in given.devices]
    assert again.machine.driver == given.machine.driver
    assert again.machine.fabric.nvlink == given.machine.fabric.nvlink


def _record_with_nvml(root: Path, file: Path) -> None:
    # A process of its own: the loader reads its search path when a process begins.
    library = next(root.glob("usr/lib/*/libnvidia-ml.so.1"))
    subprocess.run(
        [sys.executable, "-c", RECORD, root / "sys", file],
        env={**os.environ, "LD_LIBRARY_PATH": str(library.parent)},
        check=True,
    )


def _seen(node: NodeSpec) -> list[tuple[object, ...]]:
    return sorted(
        (one.address, one.pcie_root, one.bridges, one.numa_node, one.profile.product)
        for one in node.devices
    )
