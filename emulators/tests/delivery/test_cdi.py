"""CDI edits: what containers get of devices, and the hook for /proc."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from drawplate.emulators.delivery import cdi
from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.node import Node, NodeSettings
from drawplate.emulators.refusals import Refused


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """Give a node with eight GPUs that shows nothing, and a library where it would be."""
    library = tmp_path / "root/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.580.95.05"
    library.parent.mkdir(parents=True)
    library.touch()
    library.with_name("libnvidia-ml.so.1").symlink_to(library.name)
    library.with_name("libnvidia-ml.so").symlink_to("libnvidia-ml.so.1")
    return Node(NodeSettings("dgx-h100", "n", tmp_path))


@pytest.fixture
def containers(node: Node) -> cdi.Containers:
    """Give the edits of that node."""
    return cdi.Containers(node)


def paths(edits: cdi.Edits) -> list[str]:
    return [each["path"] for each in edits["deviceNodes"]]


def test_a_device_has_the_nodes_that_are_its_own(containers: cdi.Containers) -> None:
    edits = containers.edits_of_device("gpu3")

    assert "/dev/nvidia3" in paths(edits)
    assert not {"/dev/nvidia2", "/dev/nvidiactl"} & {*paths(edits)}
    (first,) = (each for each in edits["deviceNodes"] if each["path"] == "/dev/nvidia3")
    assert (first["type"], first["major"], first["minor"]) == ("c", 195, 3)


def test_every_container_gets_what_is_shared(containers: cdi.Containers) -> None:
    edits = containers.edits_of_all({"nvidia-gpu"})

    assert {"/dev/nvidiactl", "/dev/nvidia-uvm"} <= {*paths(edits)}
    assert not [path for path in paths(edits) if "nvswitch" in path or "caps" in path]


def test_libraries_are_mounted_as_files_under_each_versioned_name(
    containers: cdi.Containers, tmp_path: Path
) -> None:
    mounts = containers.edits_of_all({"nvidia-gpu"})["mounts"]

    folder = "/usr/lib/x86_64-linux-gnu"
    file = str(tmp_path / f"root{folder}/libnvidia-ml.so.580.95.05")
    assert {each["containerPath"]: each["hostPath"] for each in mounts} == {
        f"{folder}/libnvidia-ml.so.1": file,
        f"{folder}/libnvidia-ml.so.580.95.05": file,
    }
    assert all("ro" in each["options"] for each in mounts)


def test_a_specification_names_each_device_once(containers: cdi.Containers) -> None:
    specification = containers.specification(kind="vendor.example/gpu")

    assert specification["kind"] == "vendor.example/gpu"
    names = [each["name"] for each in specification["devices"]]
    assert names == [f"gpu{number}" for number in range(8)]


def test_an_absent_device_is_refused(node: Node, containers: cdi.Containers) -> None:
    with node.state.change() as change:
        change.unplug("gpu3")

    with pytest.raises(Refused, match="gpu3"):
        containers.specification(["gpu3"])
    assert "gpu3" not in [each["name"] for each in containers.specification()["devices"]]


@pytest.mark.parametrize("machine", ["mi300x", "tpu-v5e-4", "nic-2xcx7", "intel-max"])
def test_other_kinds_get_their_nodes_and_no_library(machine: str, tmp_path: Path) -> None:
    specification = cdi.Containers(Node(NodeSettings(machine, "n", tmp_path))).specification()

    assert len(specification["devices"]) == len(place(load(machine), "n").devices)
    assert "mounts" not in specification["containerEdits"]


HOOK = """
import subprocess, sys
from drawplate.emulators.delivery.mounting import NEW_MOUNTS, unshare
from drawplate.emulators.delivery.view import isolate
unshare(NEW_MOUNTS)
isolate()
hook, proc, state, rootfs = sys.argv[1:]
done = subprocess.run([hook, proc], input=state, text=True, check=True)
print(open(rootfs + "/proc/driver/x").read() + open(rootfs + "/proc/devices").read())
"""


@pytest.mark.root
@pytest.mark.parametrize("root", ["rootfs", "{bundle}/rootfs"])
def test_the_hook_shows_a_container_our_entries_of_proc(tmp_path: Path, root: str) -> None:
    cdi.install_hook(tmp_path)
    ours, bundle = tmp_path / "proc", tmp_path / "bundle"
    rootfs = bundle / "rootfs"
    for folder in (ours / "driver", ours / "not-there", rootfs / "proc/driver"):
        folder.mkdir(parents=True)
    (ours / "driver/x").write_text("our driver\n")
    (ours / "devices").write_text("our devices\n")
    (rootfs / "proc/devices").touch()
    config = {"ociVersion": "1.2.0", "root": {"readonly": True, "path": root.format(bundle=bundle)}}
    (bundle / "config.json").write_text(json.dumps(config, indent=1))
    state = json.dumps({"ociVersion": "1.2.0", "pid": os.getpid(), "bundle": str(bundle)})

    done = subprocess.run(
        [sys.executable, "-c", HOOK, str(tmp_path / cdi.HOOK), str(ours), state, str(rootfs)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "our driver\nour devices\n\n", done.stderr
    assert (rootfs / "proc/devices").read_text() == ""
