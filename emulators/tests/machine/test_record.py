"""Recording: what a node shows in /sys comes back as the machine that it was made of."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from drawplate.emulators.machine.file import Machine
from drawplate.emulators.machine.placed import NodeSpec, place
from drawplate.emulators.machine.record.recording import Wanted, record
from drawplate.emulators.machine.shipped import load, shipped
from drawplate.emulators.problems import SetupProblem

WriteSysfs = Callable[[NodeSpec], Path]


@pytest.fixture
def recorded(write_sysfs: WriteSysfs, tmp_path: Path) -> Callable[[NodeSpec], Machine]:
    def recorded(node: NodeSpec) -> Machine:
        text, _ = record(Wanted(sysfs=write_sysfs(node)))
        file = tmp_path / "recorded.yaml"
        file.write_text(text)
        return load(str(file))

    return recorded


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_machine_is_recorded_as_it_is(
    recorded: Callable[[NodeSpec], Machine], name: str
) -> None:
    node = place(load(name), "node-a")

    again = place(recorded(node), "node-a")

    assert _seen(again) == _seen(node)
    assert again.bridges == node.bridges
    assert again.machine.numa == node.machine.numa
    assert again.machine.profiles == {}
    assert again.machine.fabric.ici == node.machine.fabric.ici


def test_an_unknown_model_becomes_a_profile_of_the_file(
    recorded: Callable[[NodeSpec], Machine],
) -> None:
    node = place(load("mi300x"), "node-a")
    pci = node.devices[0].profile.pci.model_copy(update={"device": "ffff"})
    other = node.devices[0].profile.model_copy(update={"pci": pci})

    machine = recorded(replace(node, devices=(replace(node.devices[0], profile=other),)))

    made = machine.profiles["recorded-1002-ffff"]
    assert made.pci == pci
    assert made.amd is not None
    assert [one.profile for one in place(machine, "node-a").devices] == [made]


def test_a_virtual_function_of_an_unknown_card_becomes_a_profile_too(
    recorded: Callable[[NodeSpec], Machine],
) -> None:
    node = place(load("nic-2xcx7"), "node-a")
    pci = node.devices[0].profile.pci.model_copy(update={"device": "ffff"})
    other = node.devices[0].profile.model_copy(update={"pci": pci})
    cards = [one for one in node.devices if one.name.startswith("nic0")]

    machine = recorded(replace(node, devices=(replace(cards[0], profile=other), *cards[1:])))

    assert [one.profile.pci.device for one in place(machine, "n").devices] == [
        "ffff",
        *["101e"] * 4,
    ]


def test_identities_are_left_out(write_sysfs: WriteSysfs) -> None:
    sysfs = write_sysfs(place(load("nic-2xcx7"), "node-a"))

    text, _ = record(Wanted(sysfs=sysfs))

    assert "SECRET" not in text
    assert "02:00:00:00:5e" not in text


def test_identities_are_kept_when_they_are_wanted(write_sysfs: WriteSysfs) -> None:
    sysfs = write_sysfs(place(load("nic-2xcx7"), "node-a"))

    text, _ = record(Wanted(sysfs=sysfs, keep_identities=True))

    assert "serial: SECRET" in text
    assert text.count("02:00:00:00:5e") == 2


def test_the_shared_address_of_a_bond_is_left_out(write_sysfs: WriteSysfs) -> None:
    sysfs = write_sysfs(place(load("nic-2xcx7"), "node-a"))
    for file in sysfs.glob("bus/pci/devices/*/net/*/address"):
        file.write_text("02:00:00:00:5e:ff\n")

    text, _ = record(Wanted(sysfs=sysfs, keep_identities=True))

    assert "02:00:00:00:5e" not in text


def test_a_folder_without_a_pci_bus_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupProblem, match="no PCI devices can be read"):
        record(Wanted(sysfs=tmp_path))


def test_a_node_without_devices_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bus/pci/devices").mkdir(parents=True)

    with pytest.raises(SetupProblem, match="no GPU, TPU or network card"):
        record(Wanted(sysfs=tmp_path))


def _seen(node: NodeSpec) -> list[tuple[object, ...]]:
    return sorted(
        (
            one.address,
            one.pcie_root,
            one.bridges,
            one.numa_node,
            one.profile.product,
            one.parent is None,
            str(one.options.get("sriov")),
            one.options.get("netdev", {}).get("name"),
            one.options.get("rdma"),
        )
        for one in node.devices
    )
