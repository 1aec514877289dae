"""Binding of drivers through sysfs, with the refusals of Linux drivers/base and drivers/pci."""

from collections.abc import Callable

import pytest

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.model import State
from drawplate.emulators.tree import sysfs
from drawplate.emulators.tree.contributions import build
from drawplate.emulators.tree.model import File, Link

ADDRESS = "0000:1b:00.0"
DRIVERS = "/bus/pci/drivers"


@pytest.fixture
def state(states: Callable[[str], State]) -> State:
    return states("dgx-h100")


def folder(state: State) -> str:
    target = build(state, sysfs.CONTRIBUTIONS).find(f"/bus/pci/devices/{ADDRESS}")
    assert isinstance(target, Link)
    return target.target.removeprefix("../../..")


def write(state: State, path: str, text: str) -> None:
    found = build(state, sysfs.CONTRIBUTIONS).find(path)
    assert isinstance(found, File)
    assert found.write is not None
    found.write(text)


def read(state: State, path: str) -> str:
    found = build(state, sysfs.CONTRIBUTIONS).find(path)
    assert isinstance(found, File)
    return found.read().decode()


def driver(state: State) -> str | None:
    link = build(state, sysfs.CONTRIBUTIONS).find(f"{folder(state)}/driver")
    return link.target.rpartition("/")[2] if isinstance(link, Link) else None


def refusal(state: State, path: str, text: str) -> Reason:
    with pytest.raises(Refused) as refused:
        write(state, path, text)
    return refused.value.reason


def test_devices_begin_with_the_driver_of_their_model(state: State) -> None:
    assert driver(state) == "nvidia"


def test_a_device_is_unbound_and_bound_again(state: State) -> None:
    write(state, f"{DRIVERS}/nvidia/unbind", ADDRESS)
    assert driver(state) is None
    assert "DRIVER=" not in read(state, f"{folder(state)}/uevent")

    write(state, f"{DRIVERS}/nvidia/bind", f"{ADDRESS}\n")
    assert driver(state) == "nvidia"
    assert read(state, f"{folder(state)}/uevent").startswith("DRIVER=nvidia\n")


def test_a_bound_device_is_busy(state: State) -> None:
    assert refusal(state, f"{DRIVERS}/nvidia/bind", ADDRESS) is Reason.IN_USE


def test_a_driver_that_is_for_other_devices_does_not_bind(state: State) -> None:
    write(state, f"{DRIVERS}/nvidia/unbind", ADDRESS)

    assert refusal(state, f"{DRIVERS}/vfio-pci/bind", ADDRESS) is Reason.LOST


def test_unbinding_from_another_driver_is_refused(state: State) -> None:
    assert refusal(state, f"{DRIVERS}/vfio-pci/unbind", ADDRESS) is Reason.LOST


def test_a_device_that_is_not_there_is_refused(state: State) -> None:
    assert refusal(state, f"{DRIVERS}/nvidia/bind", "0000:ff:00.0") is Reason.LOST
    assert refusal(state, "/bus/pci/drivers_probe", "0000:ff:00.0") is Reason.LOST


def test_an_override_brings_a_device_to_vfio_and_back(state: State) -> None:
    override = f"{folder(state)}/driver_override"
    assert read(state, override) == "(null)\n"
    write(state, override, "vfio-pci")
    assert read(state, override) == "vfio-pci\n"
    write(state, f"{DRIVERS}/nvidia/unbind", ADDRESS)
    write(state, "/bus/pci/drivers_probe", ADDRESS)
    assert driver(state) == "vfio-pci"

    # Drivers of devices clear it with a single NUL.
    write(state, override, "\0")
    assert read(state, override) == "(null)\n"
    write(state, f"{DRIVERS}/vfio-pci/unbind", ADDRESS)
    write(state, "/bus/pci/drivers_probe", ADDRESS)
    assert driver(state) == "nvidia"


def test_an_override_keeps_other_drivers_away(state: State) -> None:
    write(state, f"{folder(state)}/driver_override", "vfio-pci\n")
    write(state, f"{DRIVERS}/nvidia/unbind", ADDRESS)

    assert refusal(state, f"{DRIVERS}/nvidia/bind", ADDRESS) is Reason.LOST


def test_a_new_id_binds_what_has_no_driver(state: State) -> None:
    write(state, f"{DRIVERS}/nvidia/unbind", ADDRESS)
    write(state, f"{DRIVERS}/vfio-pci/new_id", "10de 2330\n")

    assert driver(state) == "vfio-pci"
    assert refusal(state, f"{DRIVERS}/vfio-pci/new_id", "10de 2330") is Reason.EXISTS
    assert refusal(state, f"{DRIVERS}/vfio-pci/new_id", "10de") is Reason.INVALID
    write(state, f"{DRIVERS}/vfio-pci/remove_id", "10de 2330")
    assert refusal(state, f"{DRIVERS}/vfio-pci/remove_id", "10de 2330") is Reason.LOST


def test_vfio_shows_the_group_and_the_device(state: State) -> None:
    write(state, f"{folder(state)}/driver_override", "vfio-pci")
    write(state, f"{DRIVERS}/nvidia/unbind", ADDRESS)
    write(state, f"{DRIVERS}/vfio-pci/bind", ADDRESS)

    tree = build(state, sysfs.CONTRIBUTIONS)
    group = tree.find(f"{folder(state)}/iommu_group")
    assert isinstance(group, Link)
    number = group.target.rpartition("/")[2]
    assert tree.find(f"/class/vfio/{number}") == Link(f"../../devices/virtual/vfio/{number}")
    assert tree.find(f"{folder(state)}/vfio-dev/vfio{number}/dev") is not None


def test_a_bound_device_cannot_be_enabled_by_hand(state: State) -> None:
    enable = f"{folder(state)}/enable"
    assert read(state, enable) == "1\n"
    assert refusal(state, enable, "1") is Reason.IN_USE
    write(state, f"{DRIVERS}/nvidia/unbind", ADDRESS)
    assert read(state, enable) == "0\n"
    assert refusal(state, enable, "0") is Reason.IO
    write(state, enable, "1\n")
    assert read(state, enable) == "1\n"


@pytest.mark.parametrize("text", ["", "x", "0x", "-", "1 2"])
def test_what_is_no_number_is_refused(state: State, text: str) -> None:
    assert refusal(state, f"{folder(state)}/reset", text) is Reason.INVALID


def test_the_ways_of_resetting_are_chosen_from_those_that_there_are(state: State) -> None:
    methods = f"{folder(state)}/reset_method"
    assert read(state, methods) == "flr bus\n"
    write(state, methods, "flr\n")
    assert read(state, methods) == "flr\n"
    assert refusal(state, methods, "pm") is Reason.INVALID
    write(state, methods, "\n")
    assert read(state, methods) == ""
    assert refusal(state, f"{folder(state)}/reset", "1") is Reason.NOT_SUPPORTED
    write(state, methods, "default\n")
    assert read(state, methods) == "flr bus\n"


def test_a_memory_node_that_is_not_there_is_refused(state: State) -> None:
    node = f"{folder(state)}/numa_node"
    assert refusal(state, node, "2") is Reason.INVALID
    write(state, node, "-1\n")
    assert read(state, node) == "-1\n"


def test_a_driver_that_is_not_loaded_has_no_devices(state: State) -> None:
    with state.change() as change:
        change.set("node", "driver.loaded", value=False)

    assert driver(state) is None
    assert build(state, sysfs.CONTRIBUTIONS).find(f"{DRIVERS}/nvidia") is None
    assert "DRIVER=" not in read(state, f"{folder(state)}/uevent")
