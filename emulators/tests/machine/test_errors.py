"""Errors in machine files: each names its line and a cure."""

from collections.abc import Callable
from pathlib import Path

import pytest

from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.problems import SetupProblem

GOOD = """\
machine: bench
numa: {nodes: 2, cpus: ["0-3", "4-7"], distance: [[10, 21], [21, 10]]}
pci:
  - root: "pci0000:17"
    numa: 0
    switches:
      - {bdf: "0000:18:00.0", id: "1000:c030", ports: ["0000:19:00.0", "0000:19:01.0"]}
  - {root: "pci0000:97", numa: 1}
  - {root: "pci0001:00"}
devices:
  - kind: nvidia-gpu
    profile: l4-24gb
    count: 3
    at: ["0000:1b:00.0", "0000:1c:00.0", "0001:01:00.0"]
  - kind: tpu
    profile: tpu-v5e
    count: 4
    at: ["0000:97:04.0", "0000:97:05.0", "0000:97:06.0", "0000:97:07.0"]
  - kind: nic
    profile: cx7-400
    count: 2
    at:
      - "0000:a1:00.0"
      - "0000:a2:00.0"
    netdev:
      - {name: rdma0, peer: fabric0}
      - {name: rdma1}
    rdma:
      - {name: mlx5_0}
      - {name: mlx5_1}
    sriov:
      total: 16
      num: 4
driver: {nvidia: "580.95.05", cuda: "13.0", vfio-pci: "0.2", mlx5_core: "24.10"}
fabric:
  nvlink: all-to-all
  ici: {topology: 2x4, worker: 1}
"""

NUMA = GOOD.splitlines()[1]
TAIL = "worker: 1}\n"

CASES = {
    "no such key": ("    profile: l4", "    profil: l4", "unknown key 'profil'", 12, "'profile'"),
    "foreign key": ("machine: bench", "zzz: bench", "unknown key 'zzz'", 1, "known here: about"),
    "no name": ("machine: bench\n", "", "machine: Field required", 1, "add the key 'machine'"),
    "number": ('"13.0"', "13.0", "valid string", 34, "YAML read it as the number 13.0"),
    "text for a mapping": (NUMA, "numa: 2", "not a mapping", 2, "`key: value`"),
    "malformed": ("devices:", "devices: [", "is not YAML", 11, "mend the syntax"),
    # NUMA
    "cpus overlap": ('"4-7"', '"3-7"', "processor 3 is on the memory nodes 0 and 1", 2, "one node"),
    "cpus backwards": ('"4-7"', '"7-4"', "'7-4' is no range", 2, "first-last"),
    "cpus form": ('"4-7"', '"4..7"', "'4..7' is not well-formed", 2, "0-55,112-167"),
    "cpus of one node": (', "4-7"]', "]", "cpus has 1 entries for 2 nodes", 2, "give 2 entries"),
    "asymmetric": ("[21, 10]", "[22, 10]", "node 1 is 21 from node 0, but 0 is 22", 2, "both ways"),
    "diagonal": ("[21, 10]", "[21, 11]", "from node 1 to node 1 is 11", 2, "write 10"),
    "too near": ("[[10, 21], [21, 10]]", "[[10, 9], [9, 10]]", "to node 1 is 9", 2, "11 to 254"),
    "short row": ("[21, 10]]", "[21]]", "row 1 of distance has 1 numbers", 2, "2 numbers"),
    "numa out of range": ("numa: 1}", "numa: 2}", "on NUMA node 2, but there are 2", 8, "0 to 1"),
    # PCI
    "same place": ("0000:1c:00.0", "0000:1b:00.0", "two devices are at 0000:1b:00.0", 14, "own"),
    "no root": ('"0001:01', '"0002:01', "no PCI root holds 0002:01:00.0", 14, "of that domain"),
    "address form": ("0001:01:00.0", "nonsense", "'nonsense' is not well-formed", 14, "1b:00.0"),
    "root form": ("pci0001:00", "0001:00", "'0001:00' is not well-formed", 9, "pci0000:17"),
    "root twice": ("pci0001:00", "pci0000:97", "pci0000:97 is there twice", 9, "once"),
    "switch elsewhere": ("0000:18:00.0", "0000:98:00.0", "not on a bus of pci0000:17", 7, "move"),
    "ports twice": ("0000:19:01.0", "0000:19:00.0", "two bridges are at 0000:19:00.0", 7, "own"),
    "on a bridge": ("0000:1c:00.0", "0000:19:01.0", "a device and a bridge are both", 7, "move"),
    "ports missing": (', "0000:19:01.0"]', "]", "has 1 ports for 2 buses", 3, "add a port"),
    # devices
    "count": ("count: 3", "count: 4", "count is 4, but `at` has 3 addresses", 13, "agree"),
    "no profile": ("l4-24gb", "no-such", "unknown profile 'no-such'", 12, "a100-sxm-80gb"),
    "other kind": ("kind: nic", "kind: tpu", "is of kind 'nic', not 'tpu'", 19, "`kind: nic`"),
    "unplugged": ("count: 3", 'count: 3\n    unplugged: ["0000:01:00.0"]', "unplugged", 14, "`at`"),
    "uuids": (
        "count: 3",
        "count: 3\n    uuid: [a, b]",
        "2 different entries",
        14,
        "one per device",
    ),
    "uuid twice": (
        "count: 3",
        "count: 3\n    uuid: [a, b, a]",
        "2 different",
        14,
        "one per device",
    ),
    "uuid form": ("count: 3", "count: 3\n    uuid: [a, b, '$(x)']", "'$(x)' is not", 14, "GPU-"),
    "serials": ("count: 3", "count: 3\n    serial: ['1']", "1 different entries", 14, "derived"),
    "no version": ('nvidia: "580.95.05", ', "", "needs a version of 'nvidia'", 34, "nvidia: VERS"),
    "version form": ("580.95.05", "../580", "'../580' is not well-formed", 34, "580.95.05"),
    # network cards
    "netdev long": (
        "name: rdma1}",
        "name: rdma-of-the-second}",
        "'rdma-of-the-second' is",
        27,
        "15",
    ),
    "netdev form": ("name: rdma1}", 'name: "a/b"}', "'a/b' is not well-formed", 27, "rdma0"),
    "vf's name long": (
        "name: rdma1}",
        "name: rdma-second-b}",
        "'rdma-second-bv10', of more",
        27,
        "sh",
    ),
    "netdev twice": ("name: rdma1}", "name: rdma0}", "two interfaces would be called", 27, "own"),
    "netdev of a vf": ("name: rdma1}", "name: rdma0v3}", "be called 'rdma0v3'", 27, "its own"),
    "rdma twice": ("name: mlx5_1}", "name: mlx5_0}", "two RDMA devices would be", 30, "its own"),
    "mac twice": (
        "{name: rdma0, peer: fabric0}\n      - {name: rdma1}",
        '{name: a, mac: "02:00:00:00:00:01"}\n      - {name: b, mac: "02:00:00:00:00:01"}',
        "two interfaces have the MAC address 02:00:00:00:00:01",
        27,
        "leave `mac` out",
    ),
    "group mac": ("{name: rdma1}", "{name: b, mac: '01:00:00:00:00:01'}", "well-formed", 27, "02:"),
    "netdev of a gpu": (
        "count: 3",
        "count: 3\n    netdev: [{name: a}, {name: b}, {name: c}]",
        "a device of kind 'nvidia-gpu' has no netdev",
        14,
        "remove `netdev`",
    ),
    "one netdev": ("      - {name: rdma1}\n", "", "netdev has 1 entries for 2", 25, "per device"),
    "vfs above total": ("num: 4", "num: 17", "sriov.num is 17", 33, "smaller `num`"),
    "vfs off the bus": ("total: 16", "total: 300", "do not fit on its bus", 23, "smaller"),
    "vf on a device": ("0000:a2:00.0", "0000:a1:00.3", "would be at 0000:a1:00.3", 23, "offset"),
    "backend": ("{name: rdma1}", "{name: rdma1, backend: x}", "'veth', 'tap'", 27, "here 'x'"),
    # TPU and fabric
    "chip count": (
        'count: 4\n    at: ["0000:97:04.0", ',
        "count: 3\n    at: [",
        "a host has 1 or 4 or 8 of 'tpu-v5e', not 3",
        17,
        "a number that exists",
    ),
    "dimensions": ("2x4,", "2x4x1,", "has 3 dimensions, the chips have 2", 37, "for instance 2x2"),
    "topology": ("2x4,", "2x3,", "cannot be made of hosts with 4 chips", 37, "multiples of 2x2"),
    "topology form": ("2x4,", "2by4,", "'2by4' is not well-formed", 37, "2x2x1"),
    "worker": ("worker: 1", "worker: 2", "worker 2 is not one of the 2 hosts", 37, "from 0 to 1"),
    "cluster uuid": ("  ici", "  cluster_uuid: x\n  ici", "'x' is no UUID", 37, "derived"),
    "fault": (TAIL, TAIL + "faults: [{at: 1s}]\n", "does exactly one thing", 38, "write one of fa"),
    "nvlink": ("all-to-all", "mesh", "'none', 'pairs' or 'all-to-all'", 36, "here 'mesh'"),
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "machine.yaml"
        path.write_text(text)
        return str(path)

    return write


def test_the_good_file_is_good(write: Callable[[str], str]) -> None:
    assert load(write(GOOD)).machine == "bench"


@pytest.mark.parametrize("case", CASES)
def test_an_error_names_its_line_and_the_cure(write: Callable[[str], str], case: str) -> None:
    old, new, what, line, cure = CASES[case]
    assert old in GOOD
    path = write(GOOD.replace(old, new, 1))

    with pytest.raises(SetupProblem) as caught:
        load(path)

    assert what in caught.value.what
    assert caught.value.where == f"{path}:{line}"
    assert cure in caught.value.cure


def test_nvlink_needs_two_gpus(write: Callable[[str], str]) -> None:
    start, end = GOOD.index("  - kind: nvidia-gpu"), GOOD.index("  - kind: tpu")

    with pytest.raises(SetupProblem, match="NVLink needs two NVIDIA GPUs, here are 0"):
        load(write(GOOD[:start] + GOOD[end:]))


def test_a_machine_may_bring_its_own_profiles(write: Callable[[str], str]) -> None:
    text = GOOD.replace("profile: l4-24gb", "profile: own") + OWN

    profile = place(load(write(text)), "node-a").devices[0].profile
    assert (profile.product, profile.pci.device) == ("Own", "0001")
    assert (profile.architecture, profile.pci.vendor) == ("Ada Lovelace", "10de")


def test_an_error_in_an_own_profile_is_told_too(write: Callable[[str], str]) -> None:
    path = write(GOOD + OWN.replace("family: gpu", "family: tpu"))

    with pytest.raises(SetupProblem) as caught:
        load(path)

    assert "of the family 'gpu'" in caught.value.what
    assert caught.value.where == f"{path}:41"
    assert caught.value.cure == "write `family: gpu`"


def test_an_own_profile_is_like_one_that_exists(write: Callable[[str], str]) -> None:
    with pytest.raises(SetupProblem, match="unknown profile 'no-such'") as caught:
        load(write(GOOD + OWN.replace("l4-24gb", "no-such")))

    assert "l4-24gb" in caught.value.cure


def test_an_own_profile_needs_the_section_of_its_kind(write: Callable[[str], str]) -> None:
    with pytest.raises(SetupProblem, match="needs a section 'amd'") as caught:
        load(write(GOOD + OWN + "    kind: amd-gpu\n"))

    assert "like: NAME" in caught.value.cure


OWN = """\
profiles:
  own:
    like: l4-24gb
    family: gpu
    product: Own
    pci: {device: "0001"}
"""
