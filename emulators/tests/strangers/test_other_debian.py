"""Tools of a distribution read and change the emulated /sys as they do a real one.

Each test needs the tool's Debian package: util-linux, hwloc-nox, sysfsutils, dpdk,
infiniband-diags, udev. Those that are not installed are skipped.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from drawplate.emulators.sysfs import numa
from drawplate.emulators.tests.tree.conftest import show
from drawplate.emulators.tree import sysfs

__all__ = ["show"]

pytestmark = pytest.mark.root

CARD, FUNCTION = "0000:1b:00.0", "0000:1b:00.1"
_ON_SYS = 'mount --rbind "$0" /sys && exec "$@"'

Show = Callable[..., Any]
Run = Callable[..., str]


@pytest.fixture
def card(show: Show) -> Any:
    """Give the machine with two network cards, shown without anything of this one."""
    return show("nic-2xcx7", contributions=(*sysfs.CONTRIBUTIONS, numa))


@pytest.fixture
def run(card: Any) -> Run:
    """Give a function that runs a tool whose /sys is the emulated one."""

    def start(tool: str, *flags: str, **environment: str) -> str:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
        inside = ["unshare", "-m", "sh", "-c", _ON_SYS, str(card.where), tool, *flags]
        around = {**os.environ, **environment}
        done = subprocess.run(inside, env=around, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{tool} ended with {done.returncode}: {done.stderr}"
        return done.stdout

    return start


def test_lscpu_counts_the_processors_of_the_machine(card: Any, run: Run) -> None:
    text = run("lscpu")

    assert re.search(r"^CPU\(s\): +128$", text, re.MULTILINE)
    assert re.search(r"^Socket\(s\): +2$", text, re.MULTILINE)
    for node, cpus in enumerate(card.state.node.machine.numa.cpus):
        assert re.search(rf"^NUMA node{node} CPU\(s\): +{cpus}$", text, re.MULTILINE)


def test_hwloc_finds_interfaces_below_their_cards(run: Run) -> None:
    text = run("lstopo-no-graphics", "--of", "console", "--whole-io", "-v")

    assert f"busid={CARD}" in text
    card = text.partition(f"busid={CARD}")[2].partition("busid=")[0]
    assert "OpenFabrics L#0" in card or "OpenFabrics" in card
    assert '"mlx5_0"' in card
    # The link is the card's; its virtual functions have none of their own.
    assert "link=63.02GB/s" in card
    function = text.partition(f"busid={FUNCTION}")[2].partition("busid=")[0]
    assert "link=" not in function
    assert '"mlx5_0v0"' in function


def test_systool_names_the_functions_of_interfaces(run: Run) -> None:
    text = run("systool", "-c", "infiniband")

    found = dict(re.findall(r'Class Device = "(\w+)"\s+Device = "(\S+)"', text))
    assert found["mlx5_0"] == CARD
    assert found["mlx5_0v0"] == FUNCTION


def test_ibstat_tells_of_every_device_and_of_a_cable_that_is_out(card: Any, run: Run) -> None:
    text = run("ibstat")
    assert len(re.findall(r"^CA '\w+'", text, re.MULTILINE)) == 10
    assert text.count("State: Active") == text.count("Rate: 400") == 10

    with card.state.change() as change:
        change.set("nic0", "cable.up", value=False)

    assert "State: Down" in run("ibstat", "mlx5_0")
    assert "State: Active" in run("ibstat", "mlx5_1")


def test_dpdk_takes_a_function_from_its_driver_and_gives_it_back(card: Any, run: Run) -> None:
    device = card.state.device("nic0vf0")

    run("dpdk-devbind.py", "--bind=vfio-pci", FUNCTION)
    assert device["pci.driver"] == "vfio-pci"
    taken = run("dpdk-devbind.py", "--status-dev", "net").partition("using kernel driver")[0]
    assert f"{FUNCTION} " in taken

    run("dpdk-devbind.py", "--bind=mlx5_core", FUNCTION)
    assert device["pci.driver"] == "mlx5_core"


def test_udev_walks_from_a_device_to_its_card(run: Run) -> None:
    # libudev takes only what is of type sysfs, unless it is told otherwise.
    text = run(
        "udevadm",
        "info",
        "--attribute-walk",
        "--path=/sys/class/infiniband/mlx5_0v0",
        SYSTEMD_DEVICE_VERIFY_SYSFS="0",
    )

    kernels = re.findall(r'KERNELS?=="(\S+)"', text)
    assert kernels == ["mlx5_0v0", FUNCTION, "0000:17:01.0", "pci0000:17"]
    assert 'DRIVERS=="mlx5_core"' in text
