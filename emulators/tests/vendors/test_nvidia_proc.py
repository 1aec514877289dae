"""/proc/driver/nvidia and /proc/devices, in the formats that NVIDIA's tools parse."""

import re

import pytest

from drawplate.emulators.devices import plan
from drawplate.emulators.nic import device_nodes as nic_nodes
from drawplate.emulators.procfs import devices
from drawplate.emulators.tests.vendors.showing import REAL_DEVICES, Show, names
from drawplate.emulators.tpu import device_nodes as tpu_nodes

ROOT = "/driver/nvidia"


def test_the_version_is_where_validators_look(show: Show) -> None:
    shown = show("dgx-h100")
    text = shown.read(shown.proc(), f"{ROOT}/version")

    assert re.match(r"NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580\.95\.05 ", text)
    assert "\nGCC version:  gcc version " in text


def test_old_architectures_have_the_closed_module(show: Show) -> None:
    shown = show("hgx-2")
    version = shown.state.node.machine.driver["nvidia"]

    text = shown.read(shown.proc(), f"{ROOT}/version")

    assert f"NVIDIA UNIX x86_64 Kernel Module  {version} " in text


def test_params_have_no_prefix(show: Show) -> None:
    shown = show("edge-l4")
    text = shown.read(shown.proc(), f"{ROOT}/params")

    assert (
        "\nModifyDeviceFiles: 1\nDeviceFileUID: 0\nDeviceFileGID: 0\nDeviceFileMode: 438\n" in text
    )
    assert text.endswith('ExcludedGpus: ""\n')


def test_each_gpu_has_its_information(show: Show) -> None:
    shown = show("dgx-h100")
    tree = shown.proc()

    assert len(names(tree, f"{ROOT}/gpus")) == 8
    rows = dict(
        re.split(r":\s+", line, maxsplit=1)
        for line in shown.read(tree, f"{ROOT}/gpus/0000:3d:00.0/information").splitlines()
    )
    assert rows["GPU UUID"] == shown.state.device("gpu2").spec.uuid
    assert rows["Bus Location"] == "0000:3d:00.0"
    assert rows["Device Minor"] == "2"
    assert rows["Model"] == "NVIDIA H100 80GB HBM3"
    assert rows["DMA Mask"] == "0xfffffffffffff"


def test_a_lost_gpu_cannot_be_asked_for_its_uuid(show: Show) -> None:
    shown = show("dgx-h100")
    with shown.state.change() as change:
        change.update("gpu2", {"lost": True})

    text = shown.read(shown.proc(), f"{ROOT}/gpus/0000:3d:00.0/information")

    assert "GPU-????????-????-????-????-????????????" in text


def test_mig_capabilities_agree_with_their_table(show: Show) -> None:
    shown = show("dgx-h100")
    with shown.state.change() as change:
        change.set("gpu1", "mig.instances", [{"gi": 3, "compute": [{"ci": 0}]}])
    tree = shown.proc()
    table = dict(
        line.split(" ") for line in shown.read(tree, "/driver/nvidia-caps/mig-minors").splitlines()
    )

    for path in ("gi3/access", "gi3/ci0/access"):
        text = shown.read(tree, f"{ROOT}/capabilities/gpu1/mig/{path}")
        minor = table[f"gpu1/{path}"]
        assert text == f"DeviceFileMinor: {minor}\nDeviceFileMode: 292\nDeviceFileModify: 1\n"
    assert table["gpu0/gi0/ci0/access"] == "4"


def test_the_fabric_capability_comes_after_all_of_mig(show: Show) -> None:
    shown = show("dgx-h100")
    tree = shown.proc()

    assert shown.read(tree, "/driver/nvidia-caps/sys-minors") == "fabric-imex-mgmt 4323\n"
    text = shown.read(tree, f"{ROOT}/capabilities/fabric-imex-mgmt")
    assert text.startswith("DeviceFileMinor: 4323\n")


def test_tools_can_be_told_to_leave_a_node_alone(show: Show) -> None:
    shown = show("dgx-h100")
    tree = shown.proc()
    path = f"{ROOT}/capabilities/mig/config"

    shown.write(tree, path, "DeviceFileModify: 0\n")

    assert "DeviceFileModify: 0" in shown.read(tree, path)
    assert "DeviceFileModify: 1" in shown.read(tree, f"{ROOT}/capabilities/mig/monitor")


def test_nothing_is_left_when_the_driver_is_unloaded(show: Show) -> None:
    shown = show("dgx-h100")
    with shown.state.change() as change:
        change.update("node", {"driver.loaded": False})

    assert names(shown.proc(), "/") == ["devices"]


def test_proc_devices_keeps_the_real_lines_and_the_blocks(show: Show) -> None:
    text = devices.text(show("dgx-h100").state, REAL_DEVICES)
    characters, blocks = text.split("\nBlock devices:\n")

    assert blocks == "  7 loop\n259 blkext\n"
    assert "511 rtc-of-the-test\n" in characters
    assert "195 nvidia\n195 nvidia-modeset\n195 nvidiactl\n" in characters
    majors = [int(line.split()[0]) for line in characters.splitlines()[1:]]
    assert majors == sorted(majors)


@pytest.mark.parametrize(("version", "name"), [("535.1", "nvidia-frontend"), ("550.1", "nvidia")])
def test_the_drivers_own_name_changed_with_550(show: Show, version: str, name: str) -> None:
    shown = show("dgx-h100")
    with shown.state.change() as change:
        change.set("node", "driver.version", version)

    text = devices.text(shown.state, REAL_DEVICES)

    assert f"195 {name}\n" in text
    assert ("195 nvidia-frontend\n" in text) == (name == "nvidia-frontend")


def test_a_real_driver_of_the_same_name_is_hidden(show: Show) -> None:
    real = REAL_DEVICES.replace(" 10 misc", " 10 misc\n195 nvidia\n195 nvidiactl")

    text = devices.text(show("edge-l4").state, real)

    assert text.count(" nvidia\n") == 1


def test_other_makers_machines_have_nothing_of_nvidia(show: Show) -> None:
    shown = show("mi300x")

    assert names(shown.proc(), "/") == ["devices"]
    assert "nvidia" not in devices.text(shown.state, REAL_DEVICES)
    assert " kfd\n" in devices.text(shown.state, REAL_DEVICES)


def test_drivers_of_other_families_are_listed_with_their_nodes(
    show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan, "FAMILIES", [*plan.FAMILIES, nic_nodes, tpu_nodes])

    text = devices.text(show("nic-2xcx7").state, REAL_DEVICES)
    assert "231 infiniband_mad\n231 infiniband_verbs\n" in text
    assert " accel\n" in devices.text(show("tpu-v4").state, REAL_DEVICES)
    assert " vfio\n" in devices.text(show("tpu-v5e-8").state, REAL_DEVICES)
