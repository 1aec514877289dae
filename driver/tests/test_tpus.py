"""The family `tpu` on emulated nodes of several generations, and on a broken one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drawplate.driver.roots import Roots
from drawplate.driver.tests.conftest import do, emulated
from drawplate.driver.tpus import Tpus, read_tpu_env
from drawplate.emulators.node import Node as EmulatedNode
from drawplate.emulators.problems import SetupProblem

# Device nodes cannot be made without it.
pytestmark = pytest.mark.root


def tpus(node: EmulatedNode, **roots: Path) -> Tpus:
    root = node.settings.root
    places = {"driver": root, "host_driver": root, "sysfs": root / "sys", "dev": root / "dev"}
    return Tpus(Roots(**{**places, **roots}))


def nodes_of(device: Any) -> list[str]:
    return [node.path for node in device.edits.nodes]


@pytest.fixture(scope="module")
def machine() -> Iterator[EmulatedNode]:
    with emulated("tpu-v5e-4") as node:
        yield node


@pytest.fixture
def v5e(machine: EmulatedNode) -> Iterator[EmulatedNode]:
    """Give a node with four chips, which is afterwards what it was."""
    yield machine
    do(machine, "reset")


def test_a_chip_has_what_sys_and_its_cloud_tell_of_it(v5e: EmulatedNode) -> None:
    chip = tpus(v5e).read()[1]

    assert chip.name == "tpu-0000-00-05-0"
    assert chip.attributes == {
        "index": {"int": 1},
        "tpuGen": {"string": "v5e"},
        "topology": {"string": "2x2"},
        "acceleratorType": {"string": "v5litepod-4"},
        "resource.kubernetes.io/pciBusID": {"string": "0000:00:05.0"},
        "resource.kubernetes.io/pcieRoot": {"string": "pci0000:00"},
        "resource.kubernetes.io/numaNode": {"int": 0},
    }


def test_a_container_with_a_chip_gets_its_vfio_group_and_what_the_slice_is(
    v5e: EmulatedNode,
) -> None:
    chips = tpus(v5e).read()
    edits = chips[1].edits
    group = (v5e.settings.root / "sys/bus/pci/devices/0000:00:05.0/iommu_group").readlink().name

    assert (edits.variable, edits.identity) == ("TPU_DEVICE_1", "0000:00:05.0")
    assert nodes_of(chips[1]) == [f"/dev/vfio/{group}", "/dev/vfio/vfio"]
    assert edits.variables == {
        "TPU_SKIP_MDS_QUERY": "true",
        "TPU_TOPOLOGY": "2x2",
        "TPU_ACCELERATOR_TYPE": "v5litepod-4",
        "TPU_CHIPS_PER_HOST_BOUNDS": "2,2,1",
        "TPU_WORKER_ID": "0",
    }
    assert len({node for chip in chips for node in nodes_of(chip)}) == len(chips) + 1


def test_chips_of_v4_have_nodes_of_the_accel_driver() -> None:
    with emulated("tpu-v4") as node:
        chips = tpus(node).read()

    assert [nodes_of(chip) for chip in chips] == [[f"/dev/accel{number}"] for number in range(4)]
    assert {chip.attributes["tpuGen"]["string"] for chip in chips} == {"v4"}


def test_the_two_functions_of_a_v7x_chip_are_one_device() -> None:
    with emulated("tpu-v7x") as node:
        chips = tpus(node).read()
        shown = [path.name for path in (node.settings.root / "sys/bus/pci/devices").glob("*.1")]

    assert len(shown) == len(chips) == 4
    assert [chip.attributes["resource.kubernetes.io/numaNode"]["int"] for chip in chips] == [
        0,
        0,
        1,
        1,
    ]


def test_a_chip_that_lost_its_driver_is_withheld_and_the_others_keep_all_they_have(
    v5e: EmulatedNode,
) -> None:
    family = tpus(v5e)
    before = family.read()
    do(v5e, "set", "tpu1", {"pci.driver": ""})

    assert not family.is_there(before[1])
    assert family.read() == (before[0], *before[2:])
    do(v5e, "set", "tpu1", {"pci.driver": "vfio-pci"})
    assert family.read() == before


def test_a_chip_without_its_node_is_withheld(v5e: EmulatedNode, tmp_path: Path) -> None:
    dev = tmp_path / "dev"
    (dev / "vfio").mkdir(parents=True)
    own = sorted((v5e.settings.root / "dev/vfio").iterdir())
    for node in own[1:]:
        (dev / "vfio" / node.name).symlink_to(node)

    assert len(tpus(v5e, dev=dev).read()) == 3


def test_an_unplugged_chip_goes_and_the_others_keep_all_they_have(v5e: EmulatedNode) -> None:
    family = tpus(v5e)
    before = family.read()
    do(v5e, "unplug", "tpu0")

    assert not family.is_there(before[0])
    assert family.read() == before[1:]
    do(v5e, "plug", "tpu0")
    assert family.read() == before


def test_without_a_tpu_env_a_chip_has_no_topology(v5e: EmulatedNode, tmp_path: Path) -> None:
    chip = tpus(v5e, driver=tmp_path).read()[0]

    assert not chip.attributes.keys() & {"topology", "acceleratorType"}
    assert chip.edits.variables == {"TPU_SKIP_MDS_QUERY": "true"}


def test_a_chip_says_what_the_tpu_env_says_now(v5e: EmulatedNode) -> None:
    family = tpus(v5e)
    do(v5e, "set", "node", {"tpu.env": {"TOPOLOGY": "4x4", "ACCELERATOR_TYPE": None}})
    chip = family.read()[0]

    assert chip.attributes["topology"] == {"string": "4x4"}
    assert "acceleratorType" not in chip.attributes


@pytest.mark.parametrize(
    ("text", "entries"),
    [
        ("TOPOLOGY: '2x4'\nWORKER_ID: '1'\n", {"TOPOLOGY": "2x4", "WORKER_ID": "1"}),
        ('ZONE: "us-east5-a"\n\nno entry\n', {"ZONE": "us-east5-a"}),
        ("URL: 'http://one:80'", {"URL": "http://one:80"}),
        ("EMPTY: ''\n", {"EMPTY": ""}),
        ("", {}),
    ],
)
def test_a_tpu_env_is_read_line_by_line(tmp_path: Path, text: str, entries: dict[str, str]) -> None:
    (tmp_path / "tpu-env").write_text(text)

    assert read_tpu_env(tmp_path / "tpu-env") == entries


def test_a_node_without_a_pci_bus_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(SetupProblem, match="the TPUs cannot be read"):
        Tpus(Roots(sysfs=tmp_path)).read()
