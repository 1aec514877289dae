"""Hot-plug messages: which, in what order, and that listeners take them for the kernel's own."""

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.model import State
from drawplate.emulators.sysfs import driver_table, iommu, removal
from drawplate.emulators.tree import sysfs
from drawplate.emulators.tree.contributions import build
from drawplate.emulators.tree.model import Tree
from drawplate.emulators.tree.synthetic import announce
from drawplate.emulators.uevents.messages import between, kobjects
from drawplate.emulators.uevents.sender import Sender
from drawplate.emulators.uevents.surface import Uevents

ROOT = "/devices/pci0000:17/0000:17:01.0/0000:18:00.0/0000:19:00.0"
GPU = f"{ROOT}/0000:1b:00.0"


@pytest.fixture
def state() -> State:
    state = State(place(load("dgx-h100"), "node"))
    state.rules += [removal.settle, iommu.assign]
    with state.change("groups", quiet=True) as change:
        iommu.assign(change)
    return state


def told(state: State, act: Callable[[], None]) -> list[tuple[str, str]]:
    before = kobjects(build(state, sysfs.CONTRIBUTIONS))
    act()
    after = kobjects(build(state, sysfs.CONTRIBUTIONS))
    return [(message.action, message.path) for message in between(before, after)]


def test_a_device_that_goes_lets_go_of_its_children_first(state: State) -> None:
    def unplug() -> None:
        with state.change() as change:
            change.unplug("gpu0")

    messages = told(state, unplug)

    assert messages[-2:] == [("unbind", GPU), ("remove", GPU)]
    assert {action for action, path in messages[:-2] if path.startswith(f"{GPU}/")} == {"remove"}


def test_a_device_that_comes_is_there_before_its_children_and_bound_after_them(
    state: State,
) -> None:
    with state.change() as change:
        change.unplug("gpu0")

    def plug() -> None:
        with state.change() as change:
            change.plug("gpu0")

    messages = [(action, path) for action, path in told(state, plug) if path.startswith(GPU)]

    assert messages[0] == ("add", GPU)
    assert messages[-1] == ("bind", GPU)
    assert all(action == "add" and path.startswith(GPU) for action, path in messages[1:-1])


def test_a_driver_that_lets_go_takes_its_devices_away(state: State) -> None:
    def unbind() -> None:
        with state.change() as change:
            driver_table.unbind(change, state.device("gpu0"), "nvidia")

    messages = [(action, path) for action, path in told(state, unbind) if path.startswith(GPU)]

    assert messages[-1] == ("unbind", GPU)
    assert ("remove", GPU) not in messages


def test_the_keys_are_those_of_the_pci_bus(state: State) -> None:
    before = kobjects(build(state, sysfs.CONTRIBUTIONS))
    message = before[GPU].message("remove").encoded().decode().split("\0")

    assert message[:4] == [f"remove@{GPU}", "ACTION=remove", f"DEVPATH={GPU}", "SUBSYSTEM=pci"]
    assert "PCI_CLASS=30200" in message
    assert "PCI_ID=10DE:2330" in message
    assert "PCI_SLOT_NAME=0000:1b:00.0" in message
    assert not [line for line in message if line.startswith("DRIVER=")]
    assert "DRIVER=nvidia" in before[GPU].message("bind").lines


def test_drivers_come_before_devices_and_go_after_them() -> None:
    empty, full = Tree(), Tree()
    full.file("/module/mlx5_core/uevent", "")
    full.file("/devices/a/uevent", "")
    full.link("/devices/a/subsystem", "/bus/pci")

    came = [message.path for message in between(kobjects(empty), kobjects(full))]
    went = [message.path for message in between(kobjects(full), kobjects(empty))]

    assert came == ["/module/mlx5_core", "/devices/a"]
    assert went == ["/devices/a", "/module/mlx5_core"]


def test_a_message_that_is_asked_for_has_the_kernels_grammar(state: State) -> None:
    announce(state, GPU, "change fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed A=1\n")

    assert dict(state.events[-1].data) == {
        "action": "change",
        "path": GPU,
        "SYNTH_UUID": "fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed",
        "SYNTH_ARG_A": "1",
    }
    for wrong in ("", "explode", "add x", "add fe4d7c9d-b8c6-4a70-9ef1-3d8a58d18eed A"):
        with pytest.raises(Refused) as refused:
            announce(state, GPU, wrong)
        assert refused.value.reason is Reason.INVALID


@pytest.fixture
def namespace() -> Iterator[str]:
    """Make a network namespace, kept by a process that waits."""
    holder = subprocess.Popen(
        ["unshare", "-n", "sh", "-c", "echo there; read end"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout is not None
    holder.stdout.readline()
    yield f"/proc/{holder.pid}/ns/net"
    holder.communicate(b"\n")


def listen(namespace: str) -> socket.socket:
    """Open a listener of the kernel's messages in a network namespace."""
    opened: list[socket.socket] = []

    def enter() -> None:
        number = os.open(namespace, os.O_RDONLY)
        assert ctypes.CDLL(None).setns(number, 0x4000_0000) == 0
        os.close(number)
        opened.append(socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, 15))
        opened[0].bind((0, 1))
        opened[0].settimeout(30)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    return opened[0]


@pytest.mark.root
def test_listeners_get_messages_from_the_kernel_in_order(state: State, namespace: str) -> None:
    surface = Uevents(lambda: build(state, sysfs.CONTRIBUTIONS), sysfs.CONTRIBUTIONS, (namespace,))
    with listen(namespace) as listener:
        state.add_surface(surface)
        try:
            with state.change() as change:
                change.unplug("gpu0")
            seen: list[list[str]] = []
            while not seen or seen[-1][0] != f"remove@{GPU}":
                data, source = listener.recvfrom(8192)
                # Port 0 is the kernel; udev drops everything else.
                assert source == (0, 1)
                seen.append(data.decode().rstrip("\0").split("\0"))
        finally:
            state.remove_surface(surface)

    assert seen[-2][0] == f"unbind@{GPU}"
    numbers = [int(one[-1].removeprefix("SEQNUM=")) for one in seen]
    assert numbers == sorted(numbers)


@pytest.mark.root
def test_udevadm_monitor_shows_them(state: State, namespace: str) -> None:
    surface = Uevents(lambda: build(state, sysfs.CONTRIBUTIONS), sysfs.CONTRIBUTIONS, (namespace,))
    state.add_surface(surface)
    monitor = subprocess.Popen(
        ["nsenter", f"--net={namespace}", "udevadm", "monitor", "--kernel", "--property"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "err"},
    )
    assert monitor.stdout is not None
    try:
        # It says so when it listens.
        for line in monitor.stdout:
            if line.startswith("KERNEL - "):
                break
        with state.change() as change:
            change.set("gpu0", "pci.driver", "")
        lines = iter(monitor.stdout)
        shown = next(line for line in lines if line.startswith("KERNEL[") and " unbind " in line)
        assert GPU in shown
    finally:
        monitor.kill()
        monitor.communicate()
        state.remove_surface(surface)


@pytest.mark.root
def test_a_namespace_that_is_not_there_is_a_problem_of_the_setup() -> None:
    with pytest.raises(SetupProblem) as problem:
        Sender(str(Path("/proc/self/ns/nothing")))

    assert "name a network namespace" in problem.value.cure
