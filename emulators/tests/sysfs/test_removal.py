"""Removing, finding, switching and resetting PCI functions through sysfs."""

from collections.abc import Callable

import pytest

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.model import State
from drawplate.emulators.tree import sysfs
from drawplate.emulators.tree.contributions import build
from drawplate.emulators.tree.model import File, Folder

DEVICES = "/bus/pci/devices"


@pytest.fixture
def state(states: Callable[[str], State]) -> State:
    return states("dgx-h100")


def write(state: State, path: str, text: str) -> None:
    tree = build(state, sysfs.CONTRIBUTIONS)
    parts = path.split("/")
    if path.startswith(DEVICES) and len(parts) > 5:
        own = next(
            name
            for name, at in tree.walk()
            if name.endswith(f"/{parts[4]}/{parts[5]}") and isinstance(at, File)
        )
        path = own
    found = tree.find(path)
    assert isinstance(found, File)
    assert found.write is not None
    found.write(text)


def addresses(state: State) -> set[str]:
    found = build(state, sysfs.CONTRIBUTIONS).find(DEVICES)
    assert isinstance(found, Folder)
    return set(found.entries)


def test_a_removed_device_is_gone_until_a_rescan(state: State) -> None:
    before = addresses(state)
    write(state, f"{DEVICES}/0000:1b:00.0/remove", "1")
    assert addresses(state) == before - {"0000:1b:00.0"}
    assert not state.device("gpu0").present

    write(state, "/bus/pci/rescan", "1\n")
    assert addresses(state) == before
    assert state.device("gpu0").present


def test_a_rescan_does_not_find_what_was_pulled_out(state: State) -> None:
    with state.change() as change:
        change.unplug("gpu0")

    write(state, "/bus/pci/rescan", "1")

    assert not state.device("gpu0").present


def test_a_removed_bridge_takes_all_below_with_it(state: State) -> None:
    before = addresses(state)
    write(state, f"{DEVICES}/0000:18:00.0/remove", "1")

    below = {"0000:18:00.0", "0000:19:00.0", "0000:19:01.0", "0000:1b:00.0", "0000:1c:00.0"}
    assert addresses(state) == before - below
    write(state, "/bus/pci/rescan", "1")
    assert addresses(state) == before


def test_a_slot_without_power_has_no_device(state: State) -> None:
    write(state, "/bus/pci/slots/27/power", "0")
    assert not state.device("gpu0").present
    write(state, "/bus/pci/rescan", "1")
    assert not state.device("gpu0").present

    write(state, "/bus/pci/slots/27/power", "1")
    assert state.device("gpu0").present


def test_an_empty_slot_cannot_be_switched_on(state: State) -> None:
    with state.change() as change:
        change.unplug("gpu0")

    with pytest.raises(Refused) as refused:
        write(state, "/bus/pci/slots/27/power", "1")

    assert refused.value.reason is Reason.LOST


def test_plugging_by_hand_undoes_a_removal(state: State) -> None:
    write(state, f"{DEVICES}/0000:1b:00.0/remove", "1")
    with state.change() as change:
        change.plug("gpu0")

    assert state.device("gpu0")["pci.removed"] is False


def test_a_reset_heals_what_only_a_reset_can(state: State) -> None:
    with state.change() as change:
        change.set("gpu0", "reset_required", value=True)

    write(state, f"{DEVICES}/0000:1b:00.0/reset", "1")

    assert state.device("gpu0")["reset_required"] is False
    assert [(one.name, one.device) for one in state.events] == [("reset", "gpu0")]


def test_writing_nought_removes_nothing(state: State) -> None:
    write(state, f"{DEVICES}/0000:1b:00.0/remove", "0")

    assert state.device("gpu0").present


def test_a_gpu_in_use_is_not_reset(state: State) -> None:
    with state.change() as change:
        change.set("gpu0", "processes", [{"pid": 1, "name": "a", "type": "C", "used_mib": 1}])

    with pytest.raises(Refused) as refused:
        write(state, f"{DEVICES}/0000:1b:00.0/reset", "1")

    assert refused.value.reason is Reason.IN_USE
