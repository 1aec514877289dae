"""What follows from the state of network cards alone: names, functions, RDMA, files."""

from pathlib import Path

import pytest

from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.nic import device_nodes, identity, rdma, verbs
from drawplate.emulators.nic.virtual_functions import functions_of, set_numvfs
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state import journal
from drawplate.emulators.state.model import State
from drawplate.emulators.sysfs import infiniband, net, sriov
from drawplate.emulators.tests.nic.lab import Cards
from drawplate.emulators.tree.model import File, Link, Tree

UNNAMED = """\
machine: cards
pci: [{root: "pci0000:8c"}]
devices:
  - {kind: nic, profile: cx7-400, count: 2, at: ["0000:8d:00.0", "0000:8d:00.1"]}
driver: {mlx5_core: "24.10"}
"""


def tree_of(state: State) -> Tree:
    tree = Tree()
    for module in (net, infiniband, sriov):
        module.contribute(state, tree)
    return tree


def read(tree: Tree, path: str) -> str:
    entry = tree.find(path)
    assert isinstance(entry, File), path
    return entry.read().decode()


def refused(state: State, count: int, device: str = "nic0") -> Reason:
    with pytest.raises(Refused) as caught, state.change("test") as change:
        set_numvfs(change, state.device(device), count)
    return caught.value.reason


def test_ports_without_a_name_are_called_by_their_place_as_udev_does(tmp_path: Path) -> None:
    file = tmp_path / "cards.yaml"
    file.write_text(UNNAMED, encoding="utf-8")
    state = State(place(load(str(file)), "node-1"))
    names = [identity.interface_name(one) for one in state.devices("nic")]
    assert names == ["enp141s0np0", "enp141s0f1np1"]


def test_addresses_belong_to_the_card_and_differ(cards: Cards) -> None:
    first, again, other = cards(), cards(), cards(node="node-2")
    macs = [identity.mac_address(one) for one in first.devices("nic")]
    assert macs == [identity.mac_address(one) for one in again.devices("nic")]
    assert len({*macs, *(identity.mac_address(one) for one in other.devices("nic"))}) == 20
    assert {mac[:8] for mac in macs} == {"b8:3f:d2"}


def test_guids_and_gids_are_made_of_the_address() -> None:
    assert identity.guid("b8:3f:d2:aa:bb:cc") == "b83f:d203:00aa:bbcc"
    local = identity.link_local_gid("b8:3f:d2:aa:bb:cc")
    assert local == "fe80:0000:0000:0000:ba3f:d2ff:feaa:bbcc"
    assert identity.gid_of_address("10.8.0.1") == "0000:0000:0000:0000:0000:ffff:0a08:0001"


def test_numvfs_refuses_as_drivers_pci_iov_does(cards: Cards) -> None:
    state = cards()
    assert refused(state, 17) is Reason.OUT_OF_RANGE
    assert refused(state, 8) is Reason.IN_USE
    assert refused(state, 1, "nic0vf0") is Reason.OUT_OF_RANGE
    with state.change("test") as change:
        set_numvfs(change, state.device("nic0"), 4)
        change.set("nic1", "pci.driver", "")
    assert refused(state, 2, "nic1") is Reason.NOT_FOUND


def test_functions_come_and_go_with_their_number_and_their_card(cards: Cards) -> None:
    state = cards()
    card = state.device("nic0")
    with state.change("test") as change:
        set_numvfs(change, card, 0)
    assert functions_of(state, card) == []
    with state.change("test") as change:
        set_numvfs(change, card, 16)
    addresses = [one.spec.address for one in functions_of(state, card)]
    assert addresses[:2] == ["0000:1b:00.1", "0000:1b:00.2"]
    assert addresses[-1] == "0000:1b:02.0"
    with state.change("test") as change:
        change.unplug("nic0")
    assert functions_of(state, card) == []
    assert card["sriov.numvfs"] == 0


def test_functions_that_were_made_are_there_again_after_a_restart(
    cards: Cards, tmp_path: Path
) -> None:
    state, again = cards(), cards()
    written = journal.Journal(tmp_path / "journal")
    state.add_surface(written)
    with state.change("test") as change:
        set_numvfs(change, state.device("nic0"), 0)
    with state.change("test") as change:
        set_numvfs(change, state.device("nic0"), 6)
    with state.change("test") as change:
        change.set("nic0vf5", "netdev.mtu", 4200)
    state.remove_surface(written)
    assert journal.recover(again, tmp_path / "journal")
    assert again.snapshot()["devices"] == state.snapshot()["devices"]


def test_rdma_devices_keep_their_numbers_while_others_come(cards: Cards) -> None:
    state = cards()
    with state.change("test") as change:
        set_numvfs(change, state.device("nic0"), 0)
    held = rdma.number(state.device("nic1vf3"))
    with state.change("test") as change:
        set_numvfs(change, state.device("nic0"), 8)
    assert rdma.number(state.device("nic1vf3")) == held
    numbers = [rdma.number(one) for one in rdma.devices(state)]
    assert numbers == list(range(14))


def test_device_nodes_have_the_kernels_numbers(cards: Cards) -> None:
    nodes = {node.path: node for node in device_nodes.nodes(cards("edge-mixed"))}
    assert nodes.keys() == {
        *(f"infiniband/uverbs{number}" for number in range(2)),
        *(f"infiniband/umad{number}" for number in range(2)),
        "infiniband/rdma_cm",
    }
    assert (nodes["infiniband/uverbs1"].major, nodes["infiniband/uverbs1"].minor) == (231, 193)
    assert (nodes["infiniband/umad1"].major, nodes["infiniband/umad1"].minor) == (231, 1)


def test_an_rdma_port_is_down_without_its_cable_and_as_a_fault_says(cards: Cards) -> None:
    state = cards("edge-mixed")
    card = state.device("nic0")
    port = "/class/infiniband/mlx5_0"
    folder = "/devices/pci0000:40/0000:40:01.0/0000:41:00.0/infiniband/mlx5_0/ports/1"
    tree = tree_of(state)
    link = tree.find(port)
    assert isinstance(link, Link)
    assert link.target == f"../..{folder.removesuffix('/ports/1')}"
    assert read(tree, f"{folder}/state") == "4: ACTIVE\n"
    with state.change("test") as change:
        verbs.set_rdma_port(change, card, 2)
    assert read(tree, f"{folder}/state") == "2: INIT\n"
    with state.change("test") as change:
        verbs.set_cable(change, card, up=False)
    assert read(tree, f"{folder}/state") == "1: DOWN\n"
    assert read(tree, f"{folder}/phys_state") == "3: Disabled\n"


def test_the_table_of_gids_is_empty_until_it_is_ready(cards: Cards) -> None:
    state = cards("edge-mixed")
    card, tree = state.device("nic0"), tree_of(state)
    folder = "/devices/pci0000:40/0000:40:01.0/0000:41:00.0/infiniband/mlx5_0/ports/1"
    own = identity.link_local_gid(identity.mac_address(card))
    assert read(tree, f"{folder}/gids/0") == f"{own}\n"
    assert read(tree, f"{folder}/gid_attrs/ndevs/1") == "edge0\n"
    assert read(tree, f"{folder}/gid_attrs/types/1") == "RoCE v2\n"
    with pytest.raises(Refused):
        read(tree, f"{folder}/gid_attrs/ndevs/2")
    with state.change("test") as change:
        verbs.set_gids_ready(change, card, ready=False)
    assert read(tree, f"{folder}/gids/0") == f"{identity.gid_of_address('::')}\n"
    with pytest.raises(Refused):
        read(tree, f"{folder}/gid_attrs/ndevs/0")


def test_a_card_that_lost_its_rdma_device_keeps_its_interface(cards: Cards) -> None:
    state = cards("edge-mixed")
    with state.change("test") as change:
        verbs.set_rdma_present(change, state.device("nic0"), present=False)
    tree = tree_of(state)
    assert tree.find("/class/infiniband/mlx5_0") is None
    assert tree.find("/class/infiniband/mlx5_1") is not None
    assert tree.find("/class/net/edge0") is not None
    paths = {node.path for node in device_nodes.nodes(state)}
    assert {"infiniband/uverbs1"} == {path for path in paths if "uverbs" in path}


def test_without_real_interfaces_every_file_is_made_up_from_the_state(cards: Cards) -> None:
    state = cards("edge-mixed")
    card, tree = state.device("nic0"), tree_of(state)
    folder = "/devices/pci0000:40/0000:40:01.0/0000:41:00.0/net/edge0"
    assert read(tree, f"{folder}/address") == f"{identity.mac_address(card)}\n"
    assert read(tree, f"{folder}/speed") == "400000\n"
    mtu = tree.find(f"{folder}/mtu")
    assert isinstance(mtu, File)
    assert mtu.write is not None
    mtu.write("9000\n")
    assert card["netdev.mtu"] == 9000
    with state.change("test") as change:
        change.set("nic0", "netdev.up", value=False)
    with pytest.raises(Refused):
        read(tree, f"{folder}/speed")
    assert read(tree, f"{folder}/operstate") == "down\n"


@pytest.mark.parametrize("name", ["", "a/b", "has space", "sixteen-letters-", ".."])
def test_a_name_that_no_interface_can_have_is_refused(cards: Cards, name: str) -> None:
    state = cards("edge-mixed")
    with pytest.raises(Refused), state.change("test") as change:
        verbs.rename(change, state.device("nic0"), name)


def test_a_multicast_address_is_refused(cards: Cards) -> None:
    state = cards("edge-mixed")
    with pytest.raises(Refused), state.change("test") as change:
        verbs.set_mac(change, state.device("nic0"), "01:00:00:00:00:01")


def test_gpus_have_no_interface_and_no_rdma(cards: Cards) -> None:
    state = cards("edge-mixed")
    with pytest.raises(Refused), state.change("test") as change:
        verbs.set_cable(change, state.device("gpu0"), up=False)
    with pytest.raises(Refused), state.change("test") as change:
        verbs.set_gids_ready(change, state.device("gpu0"), ready=False)
