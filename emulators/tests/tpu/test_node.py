"""A whole node with TPUs, as frameworks, drivers and tools look for chips."""

import json
import re
import signal
import stat
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drawplate.emulators.control.client import Hardware
from drawplate.emulators.nic import namespaces
from drawplate.emulators.places import CONTROL_SOCKET
from drawplate.emulators.tests.nic.lab import Lab, Process

pytestmark = [pytest.mark.root, pytest.mark.slow]

Starter = Callable[..., Process]
# What is no chip among Google's PCI devices: NVMe, gVNIC, and a test device.
NO_CHIPS = {"0x001f", "0x0042", "0xabcd"}


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[Starter]:
    lab, made = Lab(tmp_path), []
    namespaces.make_namespace(lab.path("node"))
    lab.run("node", "ip", "link", "set", "lo", "up")

    def start(machine: str, *options: str) -> Process:
        process = Process(lab, machine, tmp_path / "folder", options)
        process.start()
        made.append(process)
        return process

    yield start
    for process in made:
        process.end(signal.SIGTERM)
    namespaces.drop_namespace(lab.path("node"))


def functions(process: Process) -> dict[str, str]:
    """Find Google's PCI functions as JAX does: address and device."""
    folders = (process.sys / "bus/pci/devices").iterdir()
    return {
        path.name: (path / "device").read_text().strip()
        for path in folders
        if (path / "vendor").read_text().strip() == "0x1ae0"
    }


def groups(process: Process) -> set[int]:
    """Find chips as Google's DRA driver does: VFIO nodes whose IOMMU group has a chip."""
    found = set()
    for node in (process.folder / "root/dev/vfio").iterdir():
        members = process.sys / "kernel/iommu_groups" / node.name / "devices"
        if not node.name.isdigit() or not members.is_dir():
            continue
        for member in members.iterdir():
            vendor, device = (member / "vendor").read_text(), (member / "device").read_text()
            if vendor.strip() == "0x1ae0" and device.strip() not in NO_CHIPS:
                found.add(int(node.name))
    return found


@pytest.mark.parametrize(
    ("machine", "chips", "each", "device"),
    [("tpu-v5e-8", 8, 1, "0x0063"), ("tpu-v7x", 4, 2, "0x0076")],
)
def test_chips_show_as_pci_functions_and_vfio_groups(
    nodes: Starter, machine: str, chips: int, each: int, device: str
) -> None:
    process = nodes(machine)
    found = functions(process)
    assert sum(one == device for one in found.values()) == chips * each
    assert len(groups(process)) == chips
    container = (process.folder / "root/dev/vfio/vfio").stat()
    assert stat.S_ISCHR(container.st_mode)


def test_chips_of_v4_show_as_accel(nodes: Starter) -> None:
    process = nodes("tpu-v4")
    dev = process.folder / "root/dev"
    assert sorted(path.name for path in dev.glob("accel*")) == [f"accel{n}" for n in range(4)]
    for number in range(4):
        numbers = (process.sys / f"class/accel/accel{number}/dev").read_text().strip()
        device = (dev / f"accel{number}").stat().st_rdev
        assert numbers == f"{device >> 8}:{device & 0xFF}"
        assert (process.sys / f"class/accel/accel{number}/device/device").read_text() == "0x005e\n"


def test_a_lost_chip_goes_from_dev_and_comes_back(nodes: Starter) -> None:
    process = nodes("tpu-v5e-4")
    before = groups(process)
    with Hardware(process.folder / CONTROL_SOCKET) as hardware:
        hardware.wait(hardware.set("tpu1", {"lost": True}))
        assert len(groups(process)) == 3
        hardware.wait(hardware.set("tpu1", {"lost": False}))
    assert groups(process) == before


def test_the_control_socket_tells_labels_and_environment(nodes: Starter) -> None:
    process = nodes("tpu-v6e-8")
    with Hardware(process.folder / CONTROL_SOCKET) as hardware:
        labels = hardware.call("labels")
        environment = hardware.call("container_environment")
    assert labels["cloud.google.com/gke-tpu-topology"] == "2x4"
    assert environment["TPU_ACCELERATOR_TYPE"] == "v6e-8"


def test_tpu_env_is_a_file_that_follows_the_state_and_goes_with_the_node(nodes: Starter) -> None:
    process = nodes("tpu-v5e-8")
    file = process.folder / "root/etc/tpu/tpu-env"
    entries = dict(re.findall(r"^(\w+): '(.*)'$", file.read_text(), re.MULTILINE))
    assert entries["ACCELERATOR_TYPE"] == "v5litepod-8"
    assert entries["CHIPS_PER_HOST_BOUNDS"] == "2,4,1"
    with Hardware(process.folder / CONTROL_SOCKET) as hardware:
        hardware.wait(hardware.set("node", {"tpu.env": {"TOPOLOGY": "4x4"}}))
    assert "TOPOLOGY: '4x4'\n" in file.read_text()
    process.end()
    assert not file.exists()


@pytest.mark.parametrize(
    ("machine", "chips", "name"), [("tpu-v5e-4", 4, "v5e"), ("tpu-v7x", 4, "7x")]
)
def test_tpu_info_finds_chips_and_their_use(
    nodes: Starter, machine: str, chips: int, name: str
) -> None:
    process = nodes(machine)
    with Hardware(process.folder / CONTROL_SOCKET) as hardware:
        hardware.wait(hardware.set("tpu0", {"memory.used": 1024, "utilisation.duty_cycle": 25.0}))
    program = (
        "import json; from tpu_info import device, metrics;"
        "kind, count = device.get_local_chips();"
        "new = kind is device.TpuChip.V7X;"
        "ask = metrics.get_chip_usage_new if new else metrics.get_chip_usage;"
        "use = ask(kind);"
        # It takes Google's network cards for chips, where these have an IOMMU group.
        "nics = ('0x0042',);"
        "found = [chip for chip in device.get_chips() if chip.cores[0].device_id not in nics];"
        "print(json.dumps([kind.value.name, len(found), [tuple(one) for one in use],"
        " [sorted(chip.cores) for chip in found]]))"
    )
    seen = json.loads(process.run(sys.executable, "-c", program).splitlines()[-1])
    each = 2 if machine == "tpu-v7x" else 1
    assert seen[:2] == [name, chips]
    assert len(seen[2]) == chips * each
    assert seen[2][0][1] == (1024 << 20) // each
    assert seen[2][0][3] == 25.0
    assert seen[3] == [list(range(each))] * chips
