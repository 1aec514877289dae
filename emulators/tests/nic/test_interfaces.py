"""Real interfaces: they come and go with their cards, carry packets, and are followed."""

import socket
import subprocess
import sys

import pytest

from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.nic import identity, namespaces, verbs
from drawplate.emulators.nic.cabling import sweep
from drawplate.emulators.nic.surface import Interfaces
from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.refusals import Refused
from drawplate.emulators.state.model import State
from drawplate.emulators.tests.nic.lab import PATIENCE, Cabled, Cards, Lab, settled, until

pytestmark = pytest.mark.root

PORT = 4791

ADDRESSED = """\
machine: addressed
pci: [{root: "pci0000:8c"}]
devices:
  - kind: nic
    profile: cx7-400
    at: "0000:8d:00.0"
    netdev: {name: rdma0, addresses: ["10.8.0.1/24", "fd00:8::1/64"]}
driver: {mlx5_core: "24.10"}
"""


def opened(lab: Lab, namespace: str, address: str) -> socket.socket:
    descriptor = namespaces.open_namespace(lab.path(namespace))
    one = namespaces.run_inside(
        descriptor, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    )
    one.bind((address, PORT))
    one.settimeout(PATIENCE)
    return one


def test_every_card_has_an_interface_with_its_name_address_and_mtu(
    lab: Lab, cards: Cards, cabled: Cabled
) -> None:
    state = cards()
    cabled(state)
    expected = {identity.interface_name(one) for one in state.devices("nic")}
    assert lab.interfaces("node") == expected
    for device in state.devices("nic"):
        shown = lab.run("node", "ip", "link", "show", identity.interface_name(device))
        assert identity.mac_address(device) in shown
        assert "mtu 1500" in shown
        assert device["netdev.where"] == "node"
        assert device["netdev.index"] > 0


def test_addresses_of_the_machine_file_are_on_the_interface(lab: Lab, cabled: Cabled) -> None:
    file = lab.path("machine.yaml")
    file.write_text(ADDRESSED, encoding="utf-8")
    cabled(State(place(load(str(file)), "node-1")))
    shown = lab.run("node", "ip", "address", "show", "rdma0")
    assert "inet 10.8.0.1/24" in shown
    assert "inet6 fd00:8::1/64" in shown


def test_nothing_is_left_after_stop(lab: Lab, cards: Cards, cabled: Cabled) -> None:
    state = cards()
    surface = cabled(state)
    lab.move("rdma1", "node", "pod-a")
    state.remove_surface(surface)
    assert lab.interfaces("node") == lab.interfaces("pod-a") == set()
    assert not lab.path("cabling").exists()


def test_a_name_that_the_node_has_already_is_refused_and_nothing_is_left(
    lab: Lab, cards: Cards
) -> None:
    lab.run("node", "ip", "link", "add", "rdma0", "type", "bridge")
    state = cards()
    surface = Interfaces("owner", lab.path("node"), lab.path("cabling"))
    with pytest.raises(SetupProblem, match="'rdma0'"):
        state.add_surface(surface)
    surface.stop()
    assert lab.interfaces("node") == {"rdma0"}


def test_an_interface_is_followed_into_a_pod_and_back(
    lab: Lab, cards: Cards, cabled: Cabled
) -> None:
    state = cards()
    cabled(state)
    lab.move("rdma0", "node", "pod-a")
    until(state, "nic0", "netdev.where", "elsewhere")
    lab.move("rdma0", "pod-a", "node")
    until(state, "nic0", "netdev.where", "node")


def test_a_card_comes_home_down_when_the_namespace_of_its_pod_ends(
    lab: Lab, cards: Cards, cabled: Cabled
) -> None:
    state = cards()
    cabled(state)
    lab.move("rdma0", "node", "pod-a")
    until(state, "nic0", "netdev.where", "elsewhere")
    namespaces.drop_namespace(lab.path("pod-a"))
    until(state, "nic0", "netdev.where", "node")
    until(state, "nic0", "netdev.up", value=False)
    assert "rdma0" in lab.interfaces("node")


def test_a_rename_and_an_mtu_by_an_administrator_are_followed(
    lab: Lab, cards: Cards, cabled: Cabled
) -> None:
    state = cards()
    cabled(state)
    lab.run("node", "ip", "link", "set", "rdma0", "down")
    lab.run("node", "ip", "link", "set", "rdma0", "name", "fast0")
    lab.run("node", "ip", "link", "set", "fast0", "mtu", "9000", "address", "02:00:00:00:00:07")
    until(state, "nic0", "netdev.name", "fast0")
    until(state, "nic0", "netdev.mtu", 9000)
    until(state, "nic0", "netdev.mac", "02:00:00:00:00:07")
    assert state.device("nic0")["netdev.up"] is False


def test_mtu_address_and_name_are_set_on_the_interface(
    lab: Lab, cards: Cards, cabled: Cabled
) -> None:
    state = cards()
    cabled(state)
    nic = state.device("nic0")
    with state.change("test") as change:
        verbs.set_mtu(change, nic, 4200)
        verbs.set_mac(change, nic, "02:00:00:00:00:09")
        verbs.rename(change, nic, "fast0")
    settled(state)
    shown = lab.run("node", "ip", "link", "show", "fast0")
    assert "mtu 4200" in shown
    assert "02:00:00:00:00:09" in shown
    assert nic["netdev.name"] == "fast0"


def test_an_interface_in_a_pod_is_not_the_nodes_to_change(
    lab: Lab, cards: Cards, cabled: Cabled
) -> None:
    state = cards()
    cabled(state)
    lab.move("rdma0", "node", "pod-a")
    until(state, "nic0", "netdev.where", "elsewhere")
    with pytest.raises(Refused, match="another namespace"), state.change("test") as change:
        verbs.set_mtu(change, state.device("nic0"), 4200)


def test_packets_pass_between_two_pods_until_the_cable_is_pulled(
    lab: Lab, cards: Cards, cabled: Cabled
) -> None:
    state = cards()
    cabled(state)
    for name, pod, address in (("rdma0", "pod-a", "10.9.0.1"), ("rdma1", "pod-b", "10.9.0.2")):
        lab.move(name, "node", pod)
        lab.run(pod, "ip", "address", "add", f"{address}/24", "dev", name)
        lab.run(pod, "ip", "link", "set", name, "up")
    until(state, "nic0", "netdev.carrier", value=True)
    until(state, "nic1", "netdev.carrier", value=True)
    with opened(lab, "pod-a", "10.9.0.1") as here, opened(lab, "pod-b", "10.9.0.2") as there:
        here.sendto(b"first", ("10.9.0.2", PORT))
        assert there.recv(100) == b"first"
        _pull(state, up=False)
        until(state, "nic1", "netdev.carrier", value=False)
        here.sendto(b"lost", ("10.9.0.2", PORT))
        _pull(state, up=True)
        until(state, "nic1", "netdev.carrier", value=True)
        here.sendto(b"second", ("10.9.0.2", PORT))
        assert there.recv(100) == b"second"


def test_two_nodes_of_one_host_share_a_fabric(lab: Lab, cards: Cards, cabled: Cabled) -> None:
    first, second = cards("edge-mixed", "node-1"), cards("edge-mixed", "node-2")
    cabled(first, owner="one", namespace="node")
    cabled(second, owner="two", namespace="pod-a")
    for namespace, address in (("node", "10.9.0.1"), ("pod-a", "10.9.0.2")):
        lab.run(namespace, "ip", "address", "add", f"{address}/24", "dev", "edge0")
    with opened(lab, "node", "10.9.0.1") as here, opened(lab, "pod-a", "10.9.0.2") as there:
        here.sendto(b"hello", ("10.9.0.2", PORT))
        assert there.recv(100) == b"hello"


def test_a_later_process_of_the_node_takes_the_interfaces_over(
    lab: Lab, cards: Cards, cabled: Cabled
) -> None:
    killed = cards()
    surface = cabled(killed)
    lab.move("rdma0", "node", "pod-a")
    # As after kill -9: the cabling stays as it is, without its process.
    killed.surfaces.remove(surface)
    assert surface._cabling is not None
    assert surface._watcher is not None
    surface._watcher.stop()
    surface._cabling._ending.close()
    again = cards()
    with again.change("test") as change:
        change.unplug("nic1")
    cabled(again)
    assert again.device("nic0")["netdev.where"] == "elsewhere"
    assert lab.interfaces("pod-a") == {"rdma0"}
    assert "rdma1" not in lab.interfaces("node")


def test_cables_of_a_killed_node_can_be_swept_and_those_of_others_stay(
    lab: Lab, cards: Cards
) -> None:
    place_ = lab.path("cabling")
    # A killed process holds no lock, as this one that is forgotten without an end.
    script = (
        "import os, sys; from pathlib import Path;"
        "from drawplate.emulators.nic import namespaces;"
        "from drawplate.emulators.nic.cabling import Cabling, Port;"
        "own = namespaces.open_namespace(Path(sys.argv[2]));"
        "cabling = Cabling(Path(sys.argv[1]), 'killed', own);"
        "cabling.plug(Port('nic0', 'fabric0', 'killed0', '02:00:00:00:00:01', 1500));"
        "os._exit(1)"
    )
    living = Interfaces("living", lab.path("pod-a"), place_)
    state = cards("edge-mixed")
    state.add_surface(living)
    subprocess.run([sys.executable, "-c", script, str(place_), str(lab.path("node"))], check=False)
    assert lab.interfaces("node") == {"killed0"}
    assert len(sweep(place_)) == 1
    assert lab.interfaces("node") == set()
    assert lab.interfaces("pod-a") == {"edge0", "edge1"}
    state.remove_surface(living)
    assert sweep(place_) == []


def test_virtual_functions_bring_interfaces_and_take_them_away_from_pods(
    lab: Lab, cards: Cards, cabled: Cabled
) -> None:
    state = cards()
    cabled(state)
    lab.move("rdma0v1", "node", "pod-a")
    with state.change("test") as change:
        change.set("nic0", "sriov.numvfs", 0)
    assert lab.interfaces("pod-a") == set()
    assert not {name for name in lab.interfaces("node") if name.startswith("rdma0v")}
    with state.change("test") as change:
        change.set("nic0", "sriov.numvfs", 16)
    settled(state)
    assert sum(name.startswith("rdma0v") for name in lab.interfaces("node")) == 16


def test_a_card_without_its_driver_has_no_interface(lab: Lab, cards: Cards, cabled: Cabled) -> None:
    state = cards()
    cabled(state)
    before = state.device("nic1")["netdev.index"]
    with state.change("test") as change:
        change.set("nic1", "pci.driver", "vfio-pci")
    settled(state)
    assert "rdma1" not in lab.interfaces("node")
    assert state.device("nic1")["netdev.where"] == "none"
    with state.change("test") as change:
        change.set("nic1", "pci.driver", "mlx5_core")
    settled(state)
    assert state.device("nic1")["netdev.where"] == "node"
    assert state.device("nic1")["netdev.index"] != before


def test_a_flap_ends_as_it_began(lab: Lab, cards: Cards, cabled: Cabled) -> None:
    state = cards()
    cabled(state)
    with state.change("test") as change:
        verbs.flap(change, state.device("nic0"), times=2, interval=1.0)
    seen = []
    for _ in range(6):
        state.tick(1.0)
        settled(state)
        seen.append("NO-CARRIER" in lab.run("node", "ip", "link", "show", "rdma0"))
    assert seen == [True, False, True, False, False, False]


def _pull(state: State, *, up: bool) -> None:
    with state.change("test") as change:
        verbs.set_cable(change, state.device("nic1"), up=up)
