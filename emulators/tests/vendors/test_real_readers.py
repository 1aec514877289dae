"""Programs that we did not write read what is mounted: node_exporter's library, NVIDIA's toolkit."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from drawplate.emulators.devices.nodes import DeviceNodes
from drawplate.emulators.devices.plan import plan
from drawplate.emulators.tests.vendors.showing import Mounted, Show
from drawplate.emulators.tree import procfs, sysfs

pytestmark = pytest.mark.root

# Mounts what is emulated over the real folders, for one program and nobody else.
_IN_PLACE = """
set -e
mount --bind "$1/sys" /sys
mount --bind "$1/proc/driver" /proc/driver
mount --bind "$1/proc/devices" /proc/devices
shift
exec "$@"
"""


def run(*command: str | Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run_in_place(root: Path, *command: str | Path) -> str:
    return run("unshare", "--mount", "sh", "-c", _IN_PLACE, "sh", root, *command)


def test_node_exporters_library_reads_amd_gpus(show: Show, mounted: Mounted, readers: Path) -> None:
    shown = show("mi300x")
    with shown.state.change() as change:
        change.update("gpu1", {"utilisation.gpu": 87, "memory.used": 2048})
    where = mounted(shown.state, "sys", sysfs.CONTRIBUTIONS)

    found = json.loads(run(readers / "sysreader", where, "box"))

    # It looks at cards with one digit only: 1 and 9, the rest of those belong to partitions.
    first, second = found["amd"]
    assert (first["Name"], second["Name"]) == ("card1", "card9")
    assert second["GPUBusyPercent"] == 87
    assert second["MemoryVRAMUsed"] == 2048 << 20
    assert second["MemoryVRAMSize"] == 196592 << 20
    assert second["PowerDPMForcePerformanceLevel"] == "auto"
    assert first["UniqueID"] != second["UniqueID"]
    assert found["product"] == shown.state.node.machine.chassis.product
    assert found["functions"] >= 8


_CARDS = {"intel-max": ("i915", 4), "dgx-h100": ("nvidia", 8)}


@pytest.mark.parametrize("machine", _CARDS)
def test_node_exporters_library_reads_cards(
    show: Show, mounted: Mounted, readers: Path, machine: str
) -> None:
    driver, cards = _CARDS[machine]
    where = mounted(show(machine).state, "sys", sysfs.CONTRIBUTIONS)

    found = json.loads(run(readers / "sysreader", where, "cards"))

    assert len(found["cards"]) == cards
    assert {card["Driver"] for card in found["cards"].values()} == {driver}
    assert not any(card["Ports"] for card in found["cards"].values())


def test_nvidias_toolkit_finds_the_numbers_of_all_nodes(
    show: Show, mounted: Mounted, readers: Path, tmp_path: Path
) -> None:
    shown = show("dgx-h100")
    mounted(shown.state, "sys", sysfs.CONTRIBUTIONS)
    mounted(shown.state, "proc", procfs.CONTRIBUTIONS)
    shown.state.add_surface(DeviceNodes(tmp_path / "dev"))
    links = tmp_path / "char"
    links.mkdir()

    run_in_place(
        tmp_path,
        *(readers / "nvidia-ctk", "system", "create-dev-char-symlinks", "--create-all"),
        *("--driver-root", tmp_path, "--dev-char-path", links),
    )

    made = {link.name: link.readlink() for link in links.iterdir()}
    for path, node in plan(shown.state).nodes.items():
        if path.startswith(("nvidia-nvswitch", "nvidia-nvlink", "dri/")):
            continue
        link = made[f"{node.major}:{node.minor}"]
        assert link == Path("/dev") / path
    # Two MIG devices of the system, and 15 times 9 for each GPU.
    caps = [path for path in made.values() if path.parent.name == "nvidia-caps"]
    assert len(caps) == 2 + 8 * 15 * 9


def test_nvidias_toolkit_makes_the_same_control_nodes(
    show: Show, mounted: Mounted, readers: Path, tmp_path: Path
) -> None:
    shown = show("edge-l4")
    mounted(shown.state, "sys", sysfs.CONTRIBUTIONS)
    mounted(shown.state, "proc", procfs.CONTRIBUTIONS)
    theirs = tmp_path / "theirs"
    (theirs / "dev").mkdir(parents=True)

    run_in_place(
        tmp_path,
        *(readers / "nvidia-ctk", "system", "create-device-nodes", "--control-devices"),
        *("--driver-root", "/", "--dev-root", theirs),
    )

    nodes = plan(shown.state).nodes
    names = {"nvidiactl", "nvidia-modeset", "nvidia-uvm", "nvidia-uvm-tools"}
    assert {path.name for path in (theirs / "dev").iterdir()} == names
    for name in names:
        device = (theirs / "dev" / name).stat().st_rdev
        assert (os.major(device), os.minor(device)) == (nodes[name].major, nodes[name].minor)


def test_partition_files_answer_writers_as_the_kernel_does(show: Show, mounted: Mounted) -> None:
    shown = show("mi300x")
    where = mounted(shown.state, "sys", sysfs.CONTRIBUTIONS)
    path = where / "class/drm/card1/device/current_compute_partition"
    nodes = where / "class/kfd/kfd/topology/nodes"

    path.write_text("CPX\n")
    assert path.read_text() == "CPX\n"
    assert len(list(nodes.iterdir())) == 2 + 7 + 8
    with pytest.raises(OSError, match="Invalid argument"):
        path.write_text("TPX\n")
    with shown.state.change() as change:
        change.set("gpu0", "processes", [{"pid": 7, "used_mib": 1}])
    with pytest.raises(OSError, match="Device or resource busy"):
        path.write_text("SPX\n")
    with pytest.raises(OSError, match="Permission denied"):
        (where / "class/drm/card1/device/unique_id").write_text("1")
    assert path.read_text() == "CPX\n"
