"""What works now, and when that changes."""

import threading

from drawplate.driver.hardware import Hardware
from drawplate.driver.tests.conftest import Node
from drawplate.driver.tests.fakes import FakeFamily, make_device
from drawplate.emulators.problems import SetupProblem


def test_an_unplugged_device_is_gone_and_the_others_stay_what_they_were(node: Node) -> None:
    before = node.hardware.devices()
    node.family.present = before[:2] + before[3:]

    assert node.hardware.devices() == before[:2] + before[3:]
    assert node.hardware.find(before[2].name) is None


def test_a_device_that_went_after_it_was_read_is_not_found(node: Node) -> None:
    gone = node.hardware.devices()[2]
    node.family.present = tuple(one for one in node.family.all if one != gone)

    assert node.hardware.find(gone.name) is None


def test_a_device_that_came_after_it_was_read_is_found(node: Node) -> None:
    new = make_device(8)
    node.family.present = (*node.family.all, new)

    assert node.hardware.find(new.name) == new


def test_hardware_that_cannot_be_read_now_is_what_it_was(node: Node) -> None:
    before = node.hardware.devices()
    node.family.problem = SetupProblem("the driver is not loaded")

    assert node.hardware.devices() == before


def test_a_change_is_told_once(node: Node) -> None:
    assert not node.hardware.changed()
    node.family.present = node.family.all[1:]

    assert node.hardware.changed()
    assert not node.hardware.changed()


def test_a_change_there_and_back_is_told_if_another_saw_its_middle(node: Node) -> None:
    node.family.present = node.family.all[1:]
    node.hardware.devices()  # as the publisher does, which then has published one device less
    node.family.present = node.family.all

    assert node.hardware.changed()


def test_a_change_in_a_watched_folder_wakes_who_follows_the_hardware(node: Node) -> None:
    family = FakeFamily()
    folder = node.root / "devices"
    folder.mkdir()
    family.watched = [folder]
    hardware = Hardware(family)
    stop, woken = threading.Event(), threading.Event()

    def follow() -> None:
        for _ in hardware.changes(stop):
            if hardware.changed():
                woken.set()

    thread = threading.Thread(target=follow)
    thread.start()
    family.present = family.all[1:]
    (folder / "new").touch()

    assert woken.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()
