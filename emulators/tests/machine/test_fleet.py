"""Fleets: every node has identities of its own, the same for the same seed."""

from pathlib import Path

import pytest

from drawplate.emulators.machine.fleet import fleet
from drawplate.emulators.machine.placed import NodeSpec, place
from drawplate.emulators.machine.shipped import load, shipped
from drawplate.emulators.problems import SetupProblem


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_machine_makes_a_fleet(tmp_path: Path, name: str) -> None:
    files = fleet(name, 2, seed=7)

    assert list(files) == [f"{name}-01", f"{name}-02"]
    first, second = (_placed(tmp_path, text) for text in files.values())
    assert not _identities(first) & _identities(second)
    assert [one.address for one in first.devices] == [one.address for one in second.devices]


def test_a_fleet_depends_on_its_seed_alone() -> None:
    assert fleet("nic-2xcx7", 2, seed=7) == fleet("nic-2xcx7", 2, seed=7)
    assert not set(fleet("nic-2xcx7", 2, seed=7).values()) & set(
        fleet("nic-2xcx7", 2, seed=8).values()
    )


def test_a_greater_fleet_begins_like_a_smaller_one() -> None:
    smaller, greater = fleet("dgx-h100", 2, seed=1), fleet("dgx-h100", 3, seed=1)

    assert smaller.items() < greater.items()


def test_identities_of_a_fleet_do_not_depend_on_the_node_name(tmp_path: Path) -> None:
    text = fleet("dgx-h100", 1, seed=1)["dgx-h100-01"]

    assert _identities(_placed(tmp_path, text)) == _identities(_placed(tmp_path, text, "other"))


def test_chassis_have_numbers_and_tags(tmp_path: Path) -> None:
    chassis = _placed(tmp_path, fleet("dgx-h100", 1, seed=1)["dgx-h100-01"]).machine.chassis

    assert len(chassis.serial) == 10
    assert chassis.asset_tag.startswith("AT-")
    assert chassis.product == "DGXH100"


def test_hosts_of_a_slice_are_numbered(tmp_path: Path) -> None:
    file = tmp_path / "slice.yaml"
    file.write_text(shipped()["tpu-v5p"].read_text().replace("2x2x1}", "2x2x2}"))

    workers = [
        _placed(tmp_path, text).machine.fabric.ici for text in fleet(str(file), 3, seed=1).values()
    ]

    assert [one.worker for one in workers if one] == [0, 1, 0]


def test_nodes_of_a_fleet_are_one_nvlink_domain(tmp_path: Path) -> None:
    file = tmp_path / "domain.yaml"
    text = shipped()["dgx-h100"].read_text()
    file.write_text(text.replace("nvlink: all-to-all", "nvlink: all-to-all, cluster_uuid: derived"))

    domains = [
        _placed(tmp_path, text).machine.fabric.cluster_uuid
        for text in fleet(str(file), 2, seed=1).values()
    ]

    assert domains[0] == domains[1] != "derived"


@pytest.mark.parametrize("nodes", [0, -1, 1001])
def test_an_impossible_number_is_refused(nodes: int) -> None:
    with pytest.raises(SetupProblem, match=f"cannot have {nodes} nodes"):
        fleet("dgx-h100", nodes, seed=1)


def _placed(folder: Path, text: str, node: str = "node-a") -> NodeSpec:
    file = folder / "one.yaml"
    file.write_text(text)
    return place(load(str(file)), node)


def _identities(node: NodeSpec) -> set[str]:
    physical = [one for one in node.devices if one.parent is None]
    found = {text for one in physical for text in (one.uuid, one.serial)}
    macs = {one.options["netdev"]["mac"] for one in physical if "netdev" in one.options}
    return found | macs | {node.machine.chassis.serial, node.machine.chassis.asset_tag}
