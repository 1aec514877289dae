"""The family `nic` on an emulated node, whose interfaces are real ones in a namespace of their own."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drawplate.driver import moving
from drawplate.driver.tests.conftest import Cards
from drawplate.driver.tests.reading import Reader, reader
from drawplate.emulators.control.client import Hardware
from drawplate.emulators.places import CONTROL_SOCKET
from drawplate.emulators.tests.nic.lab import Process

pytestmark = [pytest.mark.root, pytest.mark.slow]

FIRST, FUNCTION = "nic-0000-1b-00-0", "nic-0000-1b-00-1"
PREFIX = "resource.kubernetes.io/"


@pytest.fixture
def node(cards: Cards) -> Process:
    """Give a node with two cards of four virtual functions each."""
    return cards("nic-2xcx7")


@pytest.fixture
def nics(node: Process) -> Iterator[Reader]:
    inside = ["nsenter", f"--net={node.lab.path('node')}"]
    with reader("nic", node.folder / "root", before=inside) as one:
        yield one


def do(node: Process, operation: str, **arguments: Any) -> None:
    with Hardware(node.folder / CONTROL_SOCKET) as hardware:
        hardware.call(operation, **arguments)
        hardware.wait()


def settle(node: Process, device: str, where: str) -> None:
    """Wait until the node knows where an interface is."""
    with Hardware(node.folder / CONTROL_SOCKET) as hardware:
        generation = hardware.wait()
        while hardware.get(device, "netdev.where") != where:
            generation = hardware.wait(generation + 1)


def move_in(node: Process, tmp_path: Path, interface: str) -> "subprocess.CompletedProcess[str]":
    """Run the hook for a container in `pod-a`, as a container runtime does; it has no wait."""
    program = tmp_path / "move-interface"
    moving.install(program)
    program.write_text(program.read_text().replace("patience=10", "patience=0"))
    pod = ["nsenter", f"--net={node.lab.path('pod-a')}", "sleep", "60"]
    with subprocess.Popen(pod) as container:
        state = f'{{"ociVersion": "1.2.0", "id": "x", "pid": {container.pid}, "bundle": "/b"}}'
        # It has entered the namespace when it is another program.
        while Path(f"/proc/{container.pid}/comm").read_text() != "sleep\n":
            pass
        command = ["nsenter", f"--net={node.lab.path('node')}", str(program), interface, "net0"]
        done = subprocess.run(command, input=state, capture_output=True, text=True, check=False)
        container.kill()
    return done


def test_a_card_has_what_netlink_and_sys_tell_of_it(nics: Reader) -> None:
    found = nics.read()[FIRST]
    mac = found["attributes"]["mac"]["string"]

    assert found["attributes"] == {
        "interfaceName": {"string": "rdma0"},
        "mac": {"string": mac},
        "mtu": {"int": 1500},
        "rdma": {"bool": True},
        "rdmaDevice": {"string": "mlx5_0"},
        "virtualFunction": {"bool": False},
        "sriovTotal": {"int": 16},
        f"{PREFIX}pciBusID": {"string": "0000:1b:00.0"},
        f"{PREFIX}pcieRoot": {"string": "pci0000:17"},
        f"{PREFIX}numaNode": {"int": 0},
    }
    assert found["edits"]["variable"] == "NIC_DEVICE_0000_1B_00_0"
    assert found["edits"]["identity"] == mac
    assert found["edits"]["interfaces"] == [{"host": "rdma0", "container": "rdma0"}]
    paths = [one["path"] for one in found["edits"]["nodes"]]
    assert [path.rstrip("0123456789") for path in paths] == [
        "/dev/infiniband/uverbs",
        "/dev/infiniband/umad",
        "/dev/infiniband/rdma_cm",
    ]


def test_a_virtual_function_is_a_device_of_its_own(nics: Reader) -> None:
    attributes = nics.read()[FUNCTION]["attributes"]

    assert attributes["virtualFunction"] == {"bool": True}
    assert attributes["interfaceName"] == {"string": "rdma0v0"}
    assert "sriovTotal" not in attributes


def test_a_card_stays_while_its_interface_is_in_a_pod(node: Process, nics: Reader) -> None:
    before = nics.read()
    node.lab.move("rdma0", "node", "pod-a")

    assert nics.read() == before
    assert not nics.is_there(FIRST)
    node.lab.move("rdma0", "pod-a", "node")
    settle(node, "nic0", "node")
    assert nics.is_there(FIRST)
    assert nics.read() == before


@pytest.fixture
def again(node: Process) -> Iterator[Reader]:
    """Give a driver that starts when an interface is in a pod that an earlier one had seen."""
    inside = ["nsenter", f"--net={node.lab.path('node')}"]
    with reader("nic", node.folder / "root", before=inside) as earlier:
        assert FIRST in earlier.devices()
    node.lab.move("rdma0", "node", "pod-a")
    settle(node, "nic0", "elsewhere")
    with reader("nic", node.folder / "root", before=inside) as one:
        yield one


def test_a_driver_that_starts_anew_knows_what_is_in_a_pod(again: Reader) -> None:
    assert again.read()[FIRST]["attributes"]["interfaceName"] == {"string": "rdma0"}


def test_without_its_memory_a_driver_does_not_offer_what_is_in_a_pod(node: Process) -> None:
    node.lab.move("rdma0", "node", "pod-a")
    settle(node, "nic0", "elsewhere")
    state = node.folder / "driver-state"
    state.mkdir()
    (state / "interfaces.json").write_text("[]")
    inside = ["nsenter", f"--net={node.lab.path('node')}"]

    with reader("nic", node.folder / "root", before=inside) as damaged:
        assert FIRST not in damaged.devices()


def test_an_interface_comes_back_when_the_namespace_of_its_pod_ends(
    node: Process, nics: Reader
) -> None:
    before = nics.read()
    pod = ["unshare", "--net", "cat"]
    with subprocess.Popen(pod, stdin=subprocess.PIPE) as container:
        while Path(f"/proc/{container.pid}/comm").read_text() != "cat\n":
            pass
        node.lab.run("node", "ip", "link", "set", "rdma0", "netns", str(container.pid))
        settle(node, "nic0", "elsewhere")
        container.kill()
    settle(node, "nic0", "node")

    assert nics.read() == before
    assert nics.is_there(FIRST)


def test_the_interface_by_which_the_node_is_reached_is_not_a_device(
    node: Process, nics: Reader
) -> None:
    before = nics.devices()
    node.lab.run("node", "ip", "address", "add", "10.7.0.2/24", "dev", "rdma0")
    node.lab.run("node", "ip", "route", "add", "default", "via", "10.7.0.1", "dev", "rdma0")

    assert nics.devices() == [name for name in before if name != FIRST]


@pytest.mark.parametrize("family", ["-4", "-6"])
def test_each_way_out_of_a_route_with_several_is_kept(
    node: Process, nics: Reader, family: str
) -> None:
    before = nics.devices()
    addresses = {"-4": ("10.7.{}.2/24", "10.7.{}.1"), "-6": ("fd00:{}::2/64", "fd00:{}::1")}
    ways: list[str] = []
    for number in (0, 1):
        own, gateway = (text.format(number) for text in addresses[family])
        node.lab.run("node", "ip", "address", "add", own, "dev", f"rdma{number}")
        ways += ["nexthop", "via", gateway, "dev", f"rdma{number}"]
    node.lab.run("node", "ip", family, "route", "add", "default", *ways)

    assert set(before) - set(nics.devices()) == {FIRST, "nic-0000-9b-00-0"}


def test_an_unplugged_function_goes_and_the_others_keep_all_they_have(
    node: Process, nics: Reader
) -> None:
    before = nics.read()
    do(node, "unplug", device="nic1vf3")

    assert nics.read() == {name: it for name, it in before.items() if name != "nic-0000-9b-00-4"}
    do(node, "plug", device="nic1vf3")
    assert nics.read() == before


def test_a_card_that_a_user_space_driver_has_is_not_a_device(node: Process, nics: Reader) -> None:
    address = "0000:1b:00.1"
    folder = node.sys / "bus/pci/devices" / address
    (folder / "driver_override").write_text("vfio-pci")
    (folder / "driver/unbind").write_text(address)
    (node.sys / "bus/pci/drivers_probe").write_text(address)

    assert (folder / "driver").readlink().name == "vfio-pci"
    assert FUNCTION not in nics.devices()


def test_the_hook_moves_an_interface_with_its_addresses_and_brings_it_up(
    node: Process, tmp_path: Path
) -> None:
    node.lab.run("node", "ip", "address", "add", "10.7.0.2/24", "dev", "rdma0")
    node.lab.run("node", "ip", "address", "add", "fd00:7::2/64", "dev", "rdma0")
    done = move_in(node, tmp_path, "rdma0")

    assert (done.returncode, done.stderr) == (0, "")
    shown = node.lab.run("pod-a", "ip", "-oneline", "address", "show", "dev", "net0", "up")
    assert "inet 10.7.0.2/24" in shown
    assert "inet6 fd00:7::2/64" in shown


def test_the_hook_brings_up_an_interface_that_the_pod_has_already(
    node: Process, tmp_path: Path
) -> None:
    move_in(node, tmp_path, "rdma0")
    node.lab.run("pod-a", "ip", "link", "set", "net0", "down")
    again = move_in(node, tmp_path, "rdma0")

    assert (again.returncode, again.stderr) == (0, "")
    assert "net0" in node.lab.run("pod-a", "ip", "link", "show", "up")


def test_the_hook_fails_when_another_pod_has_the_interface(node: Process, tmp_path: Path) -> None:
    node.lab.move("rdma0", "node", "pod-b")
    done = move_in(node, tmp_path, "rdma0")

    assert done.returncode == 1
    assert done.stderr == (
        "the interface rdma0 is not on the host: another pod has it, or it is gone\n"
    )
