"""A whole node with network cards, as programs see it that know nothing of the emulation."""

import errno
import json
import signal

import pytest

from drawplate.emulators.control.client import Hardware
from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.nic import identity
from drawplate.emulators.places import CONTROL_SOCKET
from drawplate.emulators.tests.nic.lab import Lab, Process, Processes

pytestmark = [pytest.mark.root, pytest.mark.slow]

PF = "bus/pci/devices/0000:1b:00.0"


def refusal(process: Process, path: str, text: str) -> int | None:
    """Write to a file of /sys; give the errno that comes back."""
    try:
        (process.sys / path).write_text(text)
    except OSError as error:
        return error.errno
    return None


def test_ghw_netlink_and_rdmamap_agree_with_the_machine_file(
    processes: Processes, netreader: str
) -> None:
    process = processes("nic-2xcx7", "tree.numa=yes")
    seen = json.loads(process.run(netreader))
    specs = [spec for spec in place(load("nic-2xcx7"), "node-1").devices if spec.family == "nic"]
    cards = {card["address"]: card for card in seen["cards"]}
    links = {link["name"]: link for link in seen["links"]}
    for spec in specs:
        card = cards[spec.address]
        assert (card["driver"], card["node"]) == ("mlx5_core", spec.numa_node)
        assert card["vendor"] == "Mellanox Technologies"
        link = links[spec.options["netdev"]["name"]]
        assert link["mac"] == identity.permanent_mac(spec)
        assert f"{spec.pcie_root}/" in link["path"]
        assert link["path"].endswith(f"{spec.address}/net/{link['name']}")
        assert link["rdma"] == spec.options["rdma"]["name"]
        assert [path.rstrip("0123456789") for path in link["chars"]] == [
            "/dev/infiniband/umad",
            "/dev/infiniband/uverbs",
            "/dev/infiniband/rdma_cm",
        ]
        assert link["is_vf"] == (spec.parent is not None)
    assert (links["rdma0"]["total"], links["rdma0"]["num"]) == ("16", "4")
    assert links["rdma1v2"]["pf"] == ["rdma1"]
    assert links.keys() == {spec.options["netdev"]["name"] for spec in specs}
    numbers = [path for link in links.values() for path in link["chars"][:2]]
    assert len(set(numbers)) == 2 * len(specs)


def test_an_interface_that_moves_leaves_sys_and_comes_back(lab: Lab, processes: Processes) -> None:
    process = processes()
    entry = process.sys / "class/net/rdma0"
    assert entry.readlink().match("*/0000:1b:00.0/net/rdma0")
    lab.move("rdma0", "node", "pod-a")
    assert not entry.is_symlink()
    assert "rdma0" not in {path.name for path in (process.sys / "class/net").iterdir()}
    assert list((process.sys / PF / "net").iterdir()) == []
    # The card and its RDMA device stay, as in the kernel's shared mode.
    assert (process.sys / "class/infiniband/mlx5_0").is_dir()
    lab.move("rdma0", "pod-a", "node")
    assert entry.readlink().match("*/0000:1b:00.0/net/rdma0")


def test_another_interface_of_the_same_name_is_not_taken_for_the_cards(
    lab: Lab, processes: Processes
) -> None:
    process = processes()
    lab.move("rdma0", "node", "pod-a")
    lab.run("node", "ip", "link", "add", "rdma0", "type", "bridge")
    with Hardware(process.folder / CONTROL_SOCKET) as hardware:
        generation = hardware.wait()
        while not hardware.get("nic0", "netdev.name_taken"):
            generation = hardware.wait(generation + 1)
        hardware.wait(hardware.snapshot()["generation"])
    assert str((process.sys / "class/net/rdma0").readlink()).endswith("/devices/virtual/net/rdma0")


def test_files_of_an_interface_are_the_kernels_own_and_the_cards(
    lab: Lab, processes: Processes
) -> None:
    process = processes()
    entry = process.sys / "class/net/rdma0"
    lab.run("node", "ip", "link", "set", "rdma0", "mtu", "4200")
    read = {name: (entry / name).read_text().strip() for name in ("mtu", "speed", "duplex")}
    assert read == {"mtu": "4200", "speed": "400000", "duplex": "full"}
    assert (entry / "iflink").read_text() == (entry / "ifindex").read_text()
    assert (entry / "device/vendor").read_text() == "0x15b3\n"
    assert (entry / "phys_port_name").read_text() == "p0\n"
    assert (entry / "statistics/rx_bytes").read_text().strip().isdigit()
    with pytest.raises(OSError, match="not supported"):
        (entry / "phys_switch_id").read_text()


def test_sriov_numvfs_refuses_as_the_kernel_does(lab: Lab, processes: Processes) -> None:
    process = processes()
    assert refusal(process, f"{PF}/sriov_numvfs", "8\n") == errno.EBUSY
    assert refusal(process, f"{PF}/sriov_numvfs", "17\n") == errno.ERANGE
    assert refusal(process, f"{PF}/sriov_numvfs", "some\n") == errno.EINVAL
    assert refusal(process, f"{PF}/sriov_numvfs", "0\n") is None
    assert not list((process.sys / PF).glob("virtfn*"))
    assert not {name for name in lab.interfaces("node") if name.startswith("rdma0v")}
    assert refusal(process, f"{PF}/sriov_numvfs", "2") is None
    function = process.sys / PF / "virtfn1"
    assert str(function.readlink()) == "../0000:1b:00.2"
    assert str((function / "physfn").readlink()) == "../0000:1b:00.0"
    assert [path.name for path in (function / "net").iterdir()] == ["rdma0v1"]
    assert (function / "device").read_text() == "0x101e\n"


def test_functions_get_no_driver_when_they_are_not_to_be_probed(processes: Processes) -> None:
    process = processes()
    assert refusal(process, f"{PF}/sriov_numvfs", "0") is None
    assert refusal(process, f"{PF}/sriov_drivers_autoprobe", "0") is None
    assert refusal(process, f"{PF}/sriov_numvfs", "1") is None
    function = process.sys / PF / "virtfn0"
    assert not (function / "driver").exists()
    assert not (function / "net").exists()
    address = function.readlink().name
    assert refusal(process, "bus/pci/drivers/mlx5_core/bind", address) is None
    assert [path.name for path in (function / "net").iterdir()] == ["rdma0v0"]


def test_a_driver_that_is_loaded_again_makes_a_new_interface(processes: Processes) -> None:
    process = processes()
    index = process.sys / "class/net/rdma0/ifindex"
    before = index.read_text()
    assert refusal(process, f"{PF}/driver/unbind", "0000:1b:00.0") is None
    assert not index.exists()
    assert not (process.sys / "class/infiniband/mlx5_0").exists()
    assert refusal(process, f"{PF}/sriov_numvfs", "1") == errno.ENOENT
    assert refusal(process, "bus/pci/drivers/mlx5_core/bind", "0000:1b:00.0") is None
    assert index.read_text() != before
    assert (process.sys / PF / "sriov_numvfs").read_text() == "0\n"


def test_a_node_that_was_killed_goes_on_where_it_was(lab: Lab, processes: Processes) -> None:
    first = processes()
    assert refusal(first, f"{PF}/sriov_numvfs", "0") is None
    assert refusal(first, f"{PF}/sriov_numvfs", "6") is None
    lab.move("rdma0v5", "node", "pod-a")
    number = lab.run("pod-a", "ip", "-brief", "link", "show", "rdma0v5")
    first.end(signal.SIGKILL)
    assert lab.interfaces("pod-a") == {"rdma0v5"}
    second = processes()
    assert len(list((second.sys / PF).glob("virtfn*"))) == 6
    assert lab.run("pod-a", "ip", "-brief", "link", "show", "rdma0v5") == number
    assert second.end() == 0
    assert lab.interfaces("node") == lab.interfaces("pod-a") == set()
    assert not lab.path("cabling").exists()
