"""Programs of others read the emulated /sys, unmodified, and agree with the machine file."""

import json
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drawplate.emulators import pci_ids
from drawplate.emulators.sysfs import numa
from drawplate.emulators.sysfs.functions import functions
from drawplate.emulators.tree import sysfs

pytestmark = pytest.mark.root

SOURCES = Path(__file__).parent / "go" / "readers"

# Nothing of the machine that the tests run on.
ALONE: dict[str, Any] = {"lower": None}


def inside(where: Path, *command: str | Path, **options: Any) -> str:
    """Run a program whose /sys is the emulated one, in a mount namespace of its own."""
    script = f'mount --rbind "{where}" /sys && exec "$@"'
    done = subprocess.run(
        ["unshare", "-m", "--propagation", "private", "sh", "-c", script, "sh", *command],
        check=False,
        capture_output=True,
        text=True,
        **options,
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def lspci(where: Path, names: Path, *flags: str) -> str:
    done = subprocess.run(
        ["lspci", "-i", names, "-A", "linux-sysfs", "-O", f"sysfs.path={where}/bus/pci", *flags],
        check=True,
        capture_output=True,
        text=True,
    )
    complaints = [line for line in done.stderr.splitlines() if "libkmod" not in line]
    assert complaints == []
    return done.stdout


@pytest.fixture
def names(tmp_path: Path) -> Callable[[Any], Path]:
    return lambda shown: pci_ids.write(shown.state.node, tmp_path)


@pytest.mark.parametrize(
    "machine", ["dgx-h100", "hgx-2", "mi300x", "nic-2xcx7", "tpu-v7x", "edge-mixed"]
)
def test_lspci_agrees_with_the_machine(
    show: Callable[..., Any], names: Callable[[Any], Path], machine: str
) -> None:
    shown = show(machine, **ALONE)
    listed = {}
    for line in lspci(shown.where, names(shown), "-D", "-nn").splitlines():
        found = re.fullmatch(
            r"(\S+) (.*) \[(\w{4})\]: (.*) \[(\w{4}:\w{4})\](?: \(rev (\w\w)\))?(?: \(.*\))?", line
        )
        assert found is not None, line
        listed[found[1]] = (found[3], found[5], found[6] or "00")

    wanted = {
        one.address: (
            f"{one.class_ >> 8:04x}",
            f"{one.vendor:04x}:{one.device:04x}",
            f"{one.revision:02x}",
        )
        for one in functions(shown.state)
    }
    assert listed == wanted


def test_lspci_decodes_everything(show: Callable[..., Any], names: Callable[[Any], Path]) -> None:
    shown = show("dgx-h100", **ALONE)

    text = lspci(shown.where, names(shown), "-s", "0000:1b:00.0", "-vvv")

    assert "NVIDIA Corporation" in text
    assert "LnkSta:\tSpeed 32GT/s, Width x16" in text
    regions = re.findall(r"Region (\d): Memory at \w+ .*\[size=(\d+)([MG])\]", text)
    sizes = [int(size) << (30 if unit == "G" else 20) for _, size, unit in regions]
    bars = shown.state.device("gpu0").spec.profile.pci.bars
    assert sizes == [size for size in bars if size]
    assert "Kernel driver in use: nvidia" in text
    assert "NUMA node: 0" in text
    assert "Physical Slot: 27" in text
    for complaint in ("<unknown>", "!!!", "<chain", "(rev ff)", "??"):
        assert complaint not in text


def test_lspci_sees_a_device_fall_off_the_bus(
    show: Callable[..., Any], names: Callable[[Any], Path]
) -> None:
    shown = show("dgx-h100", **ALONE)
    with shown.state.change() as change:
        change.set("gpu0", "lost", value=True)

    text = lspci(shown.where, names(shown), "-s", "0000:1b:00.0", "-v")

    assert "!!! Unknown header type 7f" in text


@pytest.fixture(scope="module")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("readers") / "readers"
    environment = {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-mod=readonly"}
    subprocess.run(["go", "build", "-o", program, "."], cwd=SOURCES, env=environment, check=True)
    return program


@pytest.mark.slow
@pytest.mark.parametrize("machine", ["dgx-h100", "nic-2xcx7", "mi300x", "edge-mixed"])
def test_static_go_readers_agree_with_the_machine(
    show: Callable[..., Any], names: Callable[[Any], Path], readers: Path, machine: str
) -> None:
    shown = show(machine, contributions=(*sysfs.CONTRIBUTIONS, numa), **ALONE)
    environment = {"PCIDB_PATH": str(names(shown)), "PATH": "/usr/bin:/bin"}

    seen = json.loads(inside(shown.where, readers, env=environment))

    wanted = {one.address: one for one in functions(shown.state)}
    by_address = {one["address"]: one for one in seen["ghw"]}
    assert set(by_address) == set(wanted) == set(seen["links"])
    for address, one in wanted.items():
        reported = by_address[address]
        assert reported["vendor"] == f"{one.vendor:04x}"
        assert reported["product"] == f"{one.device:04x}"
        assert reported["class"] == f"{one.class_ >> 8:04x}"
        assert reported["driver"] == one.driver
        if shown.state.node.machine.numa.nodes > 1:
            assert reported["node"] == one.numa_node
    exported = seen["exporter"]
    assert set(exported) == set(wanted)
    for address, one in wanted.items():
        speed = one.spec.profile.pci.link_speed_gts if one.spec else "32.0 GT/s PCIe"
        assert exported[address]["speed"] == float(speed.split()[0])
        assert exported[address]["node"] == one.numa_node
    # The maker has two numbers: its own, and that of Mellanox.
    made = {at for at, one in wanted.items() if one.vendor in {0x10DE, 0x15B3}}
    nvidia = {one["address"]: one for one in seen["nvpci"]}
    assert set(nvidia) == made
    for one in nvidia.values():
        assert one["bars"] >= 1
        assert one["driver"] == wanted[one["address"]].driver
        assert one["group"] == str(shown.state.device(_name(shown, one["address"]))["iommu.group"])


def _name(shown: Any, address: str) -> str:
    found = next(one for one in shown.state.devices() if one.spec.address == address)
    return str(found.name)
