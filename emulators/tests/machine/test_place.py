"""Devices as placed: names, numbers, bridges, virtual functions, identities."""

from collections.abc import Callable
from pathlib import Path

import pytest

from drawplate.emulators.machine.placed import place, virtual_function
from drawplate.emulators.machine.shipped import load, shipped

NESTED = """\
machine: nested
pci:
  - root: "pci0000:10"
    switches:
      - {bdf: "0000:11:00.0", id: "1000:c030", ports: ["0000:12:00.0", "0000:12:01.0"], last_bus: "1f"}
      - {bdf: "0000:14:00.0", id: "1000:c030", ports: ["0000:15:00.0", "0000:15:01.0"], last_bus: "17"}
      - {bdf: "0000:21:00.0", id: "1000:c030", ports: ["0000:22:00.0"]}
devices:
  - kind: nvidia-gpu
    profile: l4-24gb
    count: 6
    at:
      - "0000:13:00.0"
      - "0000:16:00.0"
      - "0000:17:00.0"
      - "0000:23:00.0"
      - "0000:20:00.0"
      - "0000:10:05.0"
driver: {nvidia: "1", cuda: "1"}
"""

PORTS = """\
machine: ports
pci: [{root: "pci0000:00"}]
devices:
  - kind: nic
    profile: cx7-400
    count: 2
    at: ["0000:01:00.0", "0000:01:00.1"]
    netdev: [{name: enp1s0f0np0}, {name: enp1s0f1np1}]
    sriov: {total: 4, num: 2}
driver: {mlx5_core: "1"}
"""


@pytest.fixture
def path(tmp_path: Path) -> Callable[[str], str]:
    def path(text: str) -> str:
        file = tmp_path / "machine.yaml"
        file.write_text(text)
        return str(file)

    return path


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_machine_is_placed(name: str) -> None:
    machine = load(name)
    node = place(machine, "node-a")

    assert machine.machine == name
    assert machine.about.endswith(".")
    for what in ("name", "address", "uuid"):
        assert len({getattr(one, what) for one in node.devices}) == len(node.devices)
    assert place(machine, "node-a") == node
    assert len({bridge.address for bridge in node.bridges}) == len(node.bridges)
    assert all(set(one.bridges) <= {b.address for b in node.bridges} for one in node.devices)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("dgx-h100", {"gpu": 8}),
        ("hgx-2", {"gpu": 16}),
        ("hgx-b200", {"gpu": 8, "nic": 8}),
        ("edge-mixed", {"gpu": 1, "tpu": 1, "nic": 2}),
        ("tpu-v7x", {"tpu": 4, "nic": 2}),
        ("nic-2xcx7", {"nic": 10}),
    ],
)
def test_shipped_machines_have_what_they_say(name: str, count: dict[str, int]) -> None:
    devices = place(load(name), "node-a").devices

    families = [one.family for one in devices]
    assert {family: families.count(family) for family in families} == count


def test_numbers_count_within_a_family() -> None:
    names = [one.name for one in place(load("edge-mixed"), "node-a").devices]

    assert names == ["gpu0", "tpu0", "nic0", "nic1"]


def test_identities_of_the_first_release_stay() -> None:
    gpu = place(load("dgx-h100"), "node-1").devices[0]

    assert gpu.uuid == "GPU-919e889e-cd8b-570c-8269-a8f4662e8921"
    assert gpu.serial.isdigit()
    assert len(gpu.serial) == 13


def test_bridges_lead_through_nested_switches(path: Callable[[str], str]) -> None:
    node = place(load(path(NESTED)), "node-a")

    first = ("0000:10:01.0", "0000:11:00.0")
    second = (*first, "0000:12:01.0", "0000:14:00.0")
    assert {one.address: one.bridges for one in node.devices} == {
        "0000:13:00.0": (*first, "0000:12:00.0"),
        "0000:16:00.0": (*second, "0000:15:00.0"),
        "0000:17:00.0": (*second, "0000:15:01.0"),
        "0000:20:00.0": ("0000:10:02.0",),
        "0000:23:00.0": ("0000:10:03.0", "0000:21:00.0", "0000:22:00.0"),
        "0000:10:05.0": (),
    }


def test_a_bridge_knows_the_buses_behind_it(path: Callable[[str], str]) -> None:
    bridges = {one.address: one for one in place(load(path(NESTED)), "node-a").bridges}

    ranges = {
        address: (one.kind, one.secondary, one.subordinate) for address, one in bridges.items()
    }
    assert ranges["0000:10:01.0"] == ("root", 0x11, 0x1F)
    assert ranges["0000:11:00.0"] == ("upstream", 0x12, 0x1F)
    assert ranges["0000:12:01.0"] == ("downstream", 0x14, 0x17)
    assert ranges["0000:10:02.0"] == ("root", 0x20, 0x20)
    assert ranges["0000:22:00.0"] == ("downstream", 0x23, 0x23)


def test_virtual_functions_follow_all_ports_of_a_card(path: Callable[[str], str]) -> None:
    devices = place(load(path(PORTS)), "node-a").devices

    assert {one.name: one.address for one in devices} == {
        "nic0": "0000:01:00.0",
        "nic1": "0000:01:00.1",
        "nic0vf0": "0000:01:00.2",
        "nic0vf1": "0000:01:00.3",
        "nic1vf0": "0000:01:00.6",
        "nic1vf1": "0000:01:00.7",
    }
    assert devices[2].parent == "nic0"
    assert devices[2].profile.pci.device == "101e"
    assert devices[2].options["netdev"]["name"] == "enp1s0f0v0"


def test_a_virtual_function_can_be_made_later(path: Callable[[str], str]) -> None:
    machine = load(path(PORTS))
    node = place(machine, "node-a")

    assert virtual_function(machine, "node-a", node.devices[0], 1) == node.devices[3]
    assert virtual_function(machine, "node-a", node.devices[0], 3).address == "0000:01:00.5"
    with pytest.raises(IndexError):
        virtual_function(machine, "node-a", node.devices[0], 4)


def test_what_the_file_says_of_a_device_comes_with_it() -> None:
    node = place(load("nic-2xcx7"), "node-a")

    options = node.devices[1].options
    assert options["netdev"]["name"] == "rdma1"
    assert options["rdma"] == {"name": "mlx5_1", "link_layer": "Ethernet"}
    assert (options["sriov"]["total"], options["sriov"]["num"]) == (16, 4)
