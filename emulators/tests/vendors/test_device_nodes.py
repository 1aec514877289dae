"""Device nodes: what is planned, and what is really made below a folder."""

import os
import stat
from pathlib import Path

import pytest

from drawplate.emulators.devices import numbers
from drawplate.emulators.devices.nodes import DeviceNodes
from drawplate.emulators.devices.plan import plan
from drawplate.emulators.mig import minors
from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.state.change import CallRule
from drawplate.emulators.tests.vendors.showing import REAL_DEVICES, Show


def test_dynamic_majors_avoid_what_the_machine_has() -> None:
    chosen = numbers.majors(REAL_DEVICES)

    assert 511 not in chosen.values()
    assert len(set(chosen.values())) == len(chosen)
    assert chosen[numbers.NVIDIA] == 195


def test_a_real_nvidia_driver_keeps_its_major() -> None:
    chosen = numbers.majors(REAL_DEVICES.replace(" 10 misc", " 10 misc\n195 nvidia"))

    assert chosen[numbers.NVIDIA] != 195


def test_nvidia_nodes_have_the_drivers_numbers(show: Show) -> None:
    nodes = plan(show("dgx-h100").state).nodes

    assert [nodes[f"nvidia{n}"].minor for n in range(8)] == list(range(8))
    assert {nodes[name].major for name in ("nvidia0", "nvidiactl", "nvidia-modeset")} == {195}
    assert (nodes["nvidiactl"].minor, nodes["nvidia-modeset"].minor) == (255, 254)
    assert nodes["nvidia-uvm"].major == nodes["nvidia-uvm-tools"].major
    assert nodes["nvidia-caps/nvidia-cap1"].mode == 0o400
    assert "nvidia-nvswitch3" in nodes


def test_mig_instances_get_capability_nodes(show: Show) -> None:
    shown = show("dgx-h100")
    compute = [{"ci": 0, "profile": 0}]
    with shown.state.change() as change:
        change.set("gpu2", "mig.instances", [{"gi": 5, "profile": 9, "compute": compute}])

    nodes = plan(shown.state).nodes

    for minor in (minors.minor(2, 5), minors.minor(2, 5, 0)):
        assert nodes[f"nvidia-caps/nvidia-cap{minor}"].minor == minor
        assert nodes[f"nvidia-caps/nvidia-cap{minor}"].device == "gpu2"


def test_an_absent_gpu_has_no_nodes_and_the_others_keep_theirs(show: Show) -> None:
    shown = show("dgx-h100")
    before = plan(shown.state).nodes
    with shown.state.change() as change:
        change.unplug("gpu0")

    after = plan(shown.state).nodes

    assert set(before) - set(after) == {"nvidia0", "dri/card0", "dri/renderD128"}
    assert all(before[path] == node for path, node in after.items())


def test_unloading_the_driver_takes_its_nodes(show: Show) -> None:
    shown = show("dgx-h100")
    with shown.state.change() as change:
        change.update("node", {"driver.loaded": False})

    assert not plan(shown.state).nodes


def test_a_vfio_driver_gets_a_group_in_place_of_the_gpus_nodes(show: Show) -> None:
    shown = show("edge-l4")
    with shown.state.change() as change:
        change.update("gpu0", {"pci.driver": "vfio-pci", "iommu.group": 13})

    nodes = plan(shown.state).nodes

    assert {"vfio/vfio", "vfio/13", "vfio/devices/vfio13"} <= set(nodes)
    assert (nodes["vfio/vfio"].major, nodes["vfio/vfio"].minor) == (10, 196)
    assert not {"nvidia0", "dri/card0"} & set(nodes)


def test_every_partition_of_an_amd_gpu_has_drm_numbers_of_its_own(show: Show) -> None:
    nodes = plan(show("mi300x").state).nodes
    renders = [node.minor for path, node in nodes.items() if path.startswith("dri/renderD")]
    cards = [node.minor for path, node in nodes.items() if path.startswith("dri/card")]

    assert sorted(renders) == list(range(128, 192))
    # Card 0 is the server's own display; beyond 63 the kernel goes on from 192.
    assert sorted(cards) == [*range(1, 64), 192]
    assert nodes["kfd"].major not in {195, 226}


def test_nodes_that_programs_must_open_can_be_the_null_device(show: Show) -> None:
    shown = show("mi300x")
    with shown.state.change() as change:
        change.set("node", "devices.null", ["kfd", "dri/render*"])

    nodes = plan(shown.state).nodes

    assert (nodes["kfd"].major, nodes["kfd"].minor) == (1, 3)
    assert (nodes["dri/renderD130"].major, nodes["dri/renderD130"].minor) == (1, 3)
    assert nodes["dri/card1"].major == 226


@pytest.mark.parametrize(
    ("result", "seen"),
    [("ENOENT", None), ("EACCES", (195, 3, 0)), ("ENXIO", (60, 0, 0o666))],
)
def test_rules_change_single_nodes(
    show: Show, result: str, seen: tuple[int, int, int] | None
) -> None:
    shown = show("dgx-h100")
    with shown.state.change() as change:
        change.add_rule(CallRule("f1", "dev", "nvidia*", device="gpu3", result=result))

    nodes = plan(shown.state).nodes
    node = nodes.get("nvidia3")

    assert (node and (node.major, node.minor, node.mode)) == seen
    assert nodes["nvidia4"].major == 195


@pytest.mark.root
def test_nodes_are_made_and_follow_the_state(show: Show, tmp_path: Path) -> None:
    shown = show("dgx-h100")
    surface = DeviceNodes(tmp_path / "dev")
    shown.state.add_surface(surface)
    gpu0 = tmp_path / "dev/nvidia0"

    assert numbers_of(gpu0) == (195, 0)
    assert stat.S_IMODE(gpu0.lstat().st_mode) == 0o666
    assert (tmp_path / "dev/dri/by-path/pci-0000:1b:00.0-render").resolve().name == "renderD128"
    with shown.state.change() as change:
        change.unplug("gpu0")
    assert not gpu0.exists()
    assert surface.seen == shown.state.generation
    with shown.state.change() as change:
        change.plug("gpu0")
    assert numbers_of(gpu0) == (195, 0)
    surface.stop()
    assert not list((tmp_path / "dev").iterdir())


@pytest.mark.root
def test_what_an_earlier_run_left_is_put_right(show: Show, tmp_path: Path) -> None:
    os.mknod(tmp_path / "nvidia9", stat.S_IFCHR | 0o600, os.makedev(60, 9))
    os.mknod(tmp_path / "nvidia0", stat.S_IFCHR | 0o600, os.makedev(60, 9))
    (tmp_path / "notes").write_text("of somebody else")
    surface = DeviceNodes(tmp_path)

    show("edge-l4").state.add_surface(surface)

    assert numbers_of(tmp_path / "nvidia0") == (195, 0)
    assert not (tmp_path / "nvidia9").exists()
    surface.stop()
    assert [path.name for path in tmp_path.iterdir()] == ["notes"]


@pytest.mark.root
def test_nodes_that_a_driver_makes_itself_stay(show: Show, tmp_path: Path) -> None:
    shown = show("dgx-h100")
    surface = DeviceNodes(tmp_path / "dev")
    shown.state.add_surface(surface)
    channel = tmp_path / "dev/nvidia-caps-imex-channels/channel7"
    channel.parent.mkdir()
    os.mknod(channel, stat.S_IFCHR | 0o666, os.makedev(60, 7))

    with shown.state.change() as change:
        change.unplug("gpu0")
    assert channel.is_char_device()
    with shown.state.change() as change:
        change.set("node", "imex.channels", [3])
    assert (channel.parent / "channel3").is_char_device()
    surface.stop()
    assert not channel.exists()


@pytest.mark.root
def test_a_null_node_opens_and_a_numbered_one_finds_no_driver(show: Show, tmp_path: Path) -> None:
    shown = show("edge-l4")
    with shown.state.change() as change:
        change.set("node", "devices.null", ["dri/*"])
    shown.state.add_surface(DeviceNodes(tmp_path))

    with (tmp_path / "dri/card0").open("rb") as card:
        assert card.read() == b""
    with pytest.raises(OSError, match="No such device or address"):
        (tmp_path / "nvidiactl").open("rb")


def test_the_machines_own_dev_is_never_touched(show: Show) -> None:
    with pytest.raises(SetupProblem, match="own /dev"):
        DeviceNodes(Path("/dev")).start(show("edge-l4").state)


def numbers_of(path: Path) -> tuple[int, int]:
    device = path.lstat().st_rdev
    return os.major(device), os.minor(device)
