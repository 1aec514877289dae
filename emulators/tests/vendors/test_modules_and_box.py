"""/sys/module and class/dmi: what is loaded, and what the firmware calls the box."""

from pathlib import Path

import pytest

from drawplate.emulators.machine.shipped import shipped
from drawplate.emulators.procfs import modules
from drawplate.emulators.sysfs.modules import drivers, known
from drawplate.emulators.tests.vendors.showing import Show, names, resolve
from drawplate.emulators.tree.model import Link


def test_modules_tell_the_drivers_version(show: Show) -> None:
    shown = show("dgx-h100")
    tree = shown.sys()

    for module in ("nvidia", "nvidia_uvm", "nvidia_modeset", "nvidia_drm"):
        assert shown.read(tree, f"/module/{module}/version") == "580.95.05\n"
        assert len(shown.read(tree, f"/module/{module}/srcversion")) == 24
    assert resolve(tree, "/module/nvidia/drivers/pci:nvidia") == "/bus/pci/drivers/nvidia"
    assert resolve(tree, "/bus/pci/drivers/nvidia/module") == "/module/nvidia"
    assert names(tree, "/module/nvidia/holders") == ["nvidia_modeset", "nvidia_uvm"]


def test_proc_lists_the_modules_before_this_machines_own(
    show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = show("dgx-h100")
    real = tmp_path / "modules"
    real.write_text("vfat 32768 1 - Live 0x0\nnvidia 1 0 - Live 0x0\n", encoding="utf-8")
    monkeypatch.setattr(modules, "REAL", real)

    lines = shown.read(shown.proc(), "/modules").splitlines()

    rows = {line.split()[0]: line for line in lines}
    assert len(rows) == len(lines)
    assert lines[-1].startswith("vfat ")
    assert rows["nvidia"].split()[3] == "nvidia_modeset,nvidia_uvm,"
    assert rows["nvidia_drm"].endswith(" - Live 0x0000000000000000 (OE)")
    assert set(rows) - {"vfat"} <= set(names(shown.sys(), "/module"))


def test_a_kernel_without_modules_lists_none(show: Show) -> None:
    shown = show("dgx-h100")

    assert shown.proc().find("/modules") is None


def test_users_of_a_module_are_counted(show: Show) -> None:
    shown = show("dgx-h100")
    tree = shown.sys()
    before = int(shown.read(tree, "/module/nvidia/refcnt"))
    with shown.state.change() as change:
        change.set("gpu0", "processes", [{"pid": 7, "used_mib": 1}, {"pid": 8, "used_mib": 1}])

    assert int(shown.read(tree, "/module/nvidia/refcnt")) == before + 2


def test_an_unloaded_driver_has_no_module(show: Show) -> None:
    shown = show("dgx-h100")
    with shown.state.change() as change:
        change.update("node", {"driver.loaded": False})

    assert not [name for name in names(shown.sys(), "/module") if name.startswith("nvidia")]


def test_what_a_driver_needs_is_loaded_with_it(show: Show) -> None:
    shown = show("edge-l4")
    tree = shown.sys()

    assert {"vfio", "vfio_pci", "vfio_pci_core", "vfio_iommu_type1"} <= set(names(tree, "/module"))
    parameters = "/module/vfio_iommu_type1/parameters"
    shown.write(tree, f"{parameters}/allow_unsafe_interrupts", "Y\n")
    assert shown.read(tree, f"{parameters}/allow_unsafe_interrupts") == "Y\n"
    assert shown.read(tree, f"{parameters}/dma_entry_limit") == "65535\n"
    assert resolve(tree, "/module/vfio_pci/drivers/pci:vfio-pci") == "/bus/pci/drivers/vfio-pci"


@pytest.mark.parametrize("machine", sorted(shipped()))
def test_every_shipped_machines_drivers_have_modules(show: Show, machine: str) -> None:
    shown = show(machine)
    tree = shown.sys()
    wanted = {one.spec.profile.pci.kernel_driver for one in shown.state.devices(absent=True)}

    assert set(drivers(shown.state)) >= wanted & set(known())
    for path, entry in tree.walk():
        if isinstance(entry, Link) and path.startswith(("/class/", "/dev/", "/module/")):
            assert tree.find(resolve(tree, path)) is not None, f"{path} leads nowhere"


def test_the_box_is_the_machine_files(show: Show) -> None:
    shown = show("dgx-h100")
    tree = shown.sys()

    assert shown.read(tree, "/class/dmi/id/product_name") == "DGXH100\n"
    assert shown.read(tree, "/class/dmi/id/sys_vendor") == "NVIDIA\n"
    assert shown.read(tree, "/class/dmi/id/product_uuid") == shown.read(
        show("dgx-h100").sys(), "/class/dmi/id/product_uuid"
    )
