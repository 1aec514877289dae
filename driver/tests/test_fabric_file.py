"""The inventory file: what it says, and what it must not say."""

import json
from pathlib import Path
from typing import Any

import pytest

from drawplate.driver.deploy.manifests import manifests
from drawplate.driver.fabric_file import read
from drawplate.driver.inventory import describe
from drawplate.driver.tests.inventories import device, pool, write
from drawplate.emulators.problems import SetupProblem

LINUX = {"kubernetes.io/os": "linux"}


def problem(path: Path) -> SetupProblem:
    with pytest.raises(SetupProblem) as caught:
        read(path)
    assert caught.value.where.startswith(str(path))
    assert caught.value.cure
    return caught.value


def test_pools_have_their_devices_and_labels(tmp_path: Path) -> None:
    path = write(tmp_path, pool("a/b.c", 1, 2), pool("linux", nodeLabels=LINUX))
    first, second = read(path)

    assert (first.name, first.labels, second.name, second.labels) == ("a/b.c", {}, "linux", LINUX)
    assert [one.name for one in first.devices] == ["acc-1", "acc-2"]
    assert {one.pool for one in first.devices} == {"a/b.c"}
    assert second.devices == ()


def test_a_device_is_published_with_its_address_and_memory(tmp_path: Path) -> None:
    (found,) = read(write(tmp_path, pool("p", 1)))

    assert describe(found.devices) == [
        {
            "name": "acc-1",
            "attributes": {"address": {"string": "10.90.0.1"}, "model": {"string": "A1"}},
            "capacity": {"memory": {"value": "80Gi"}},
        }
    ]
    edits = found.devices[0].edits
    assert (edits.variable, edits.identity) == ("FABRIC_DEVICE_ACC_1", "10.90.0.1")


def test_yaml_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "inventory.yaml"
    path.write_text("pools:\n- name: p\n  devices: []\n")

    assert [one.name for one in read(path)] == ["p"]


def test_a_file_that_cannot_be_read_is_one_clear_message(tmp_path: Path) -> None:
    assert "No such file" in problem(tmp_path / "none").what
    (tmp_path / "bad").write_bytes(b"{\xff")
    assert "neither YAML nor JSON" in problem(tmp_path / "bad").what
    (tmp_path / "bad").write_text('{"pools": [')
    assert "neither YAML nor JSON" in problem(tmp_path / "bad").what


@pytest.mark.parametrize(
    ("document", "what", "where"),
    [
        (None, "None is no mapping", "the inventory"),
        ([], "[] is no mapping", "the inventory"),
        ({}, "no 'pools'", "the inventory"),
        ({"pools": {}}, "{} is no list", "pools"),
        ({"pools": [], "more": 1}, "'more' is not known", "the inventory"),
        ({"pools": ["x"]}, "'x' is no mapping", "pools[0]"),
        ({"pools": [{"name": "p"}]}, "no 'devices'", "pools[0]"),
        ({"pools": [{"name": "p", "devices": 1}]}, "1 is no list", "pools[0].devices"),
        ({"pools": [pool("p", labels=LINUX)]}, "'labels' is not known", "pools[0]"),
    ],
)
def test_a_wrong_shape_is_told_with_its_place(
    tmp_path: Path, document: Any, what: str, where: str
) -> None:
    path = tmp_path / "inventory.json"
    path.write_text(json.dumps(document))

    found = problem(path)
    assert what in found.what
    assert found.where == f"{path}: {where}"


@pytest.mark.parametrize("name", ["", "P", "a_b", "a//b", "/a", "a/", "x" * 254, 1, None])
def test_names_of_pools_are_those_that_kubernetes_takes(tmp_path: Path, name: Any) -> None:
    assert "cannot be the name of a pool" in problem(write(tmp_path, pool(name))).what


def test_a_pool_stands_once(tmp_path: Path) -> None:
    found = problem(write(tmp_path, pool("p"), pool("p")))

    assert "pool 'p' stands twice" in found.what
    assert found.where.endswith("pools[1]")


@pytest.mark.parametrize("name", ["", "A", "a.b", "a_b", "-a", "x" * 64, 1, None])
def test_names_of_devices_are_dns_labels(tmp_path: Path, name: Any) -> None:
    wrong = {"name": "p", "devices": [device(1), device(2, name=name)]}
    found = problem(write(tmp_path, wrong))

    assert "cannot be the name of a device" in found.what
    assert found.where.endswith("pools[0].devices[1]")


def test_a_device_stands_once_in_all_pools(tmp_path: Path) -> None:
    found = problem(write(tmp_path, pool("p", 1), pool("q", 2, 1)))

    assert "device 'acc-1' stands twice" in found.what
    assert found.where.endswith("pools[1].devices[1]")


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"address": 1}, "1 is no such text"),
        ({"address": "x" * 65}, "is no such text"),
        ({"address": "a b"}, "'a b' is not an address"),
        ({"address": "$(x)"}, "is not an address"),
        ({"model": ""}, "'' is no such text"),
        ({"memory": "80Gi"}, "'80Gi' is no size"),
        ({"memory": True}, "True is no size"),
        ({"memory": 0}, "0 is no size"),
        ({"memory": 2**63}, "is no size"),
        ({"color": "red"}, "'color' is not known"),
    ],
)
def test_what_a_device_has_is_checked(tmp_path: Path, more: dict[str, Any], what: str) -> None:
    wrong = {"name": "p", "devices": [device(1, **more)]}

    assert what in problem(write(tmp_path, wrong)).what


@pytest.mark.parametrize(
    "labels",
    [
        *({}, [], "a=b", {"a": True}, {"a": 1}, {"a b": "c"}, {"a/b/c": "d"}, {"/a": "b"}),
        *({"a/": "b"}, {"A.b/c": "d"}, {"a": "b c"}, {"a": "-"}, {"a": "x" * 64}, {"": "a"}),
    ],
)
def test_labels_are_those_that_nodes_can_have(tmp_path: Path, labels: Any) -> None:
    found = problem(write(tmp_path, pool("p", nodeLabels=labels)))

    assert "label" in found.what
    assert found.where.endswith("pools[0].nodeLabels")


def test_labels_that_nodes_can_have_are_taken(tmp_path: Path) -> None:
    labels = {"a": "", "example.com/Zone_1": "A.b-c", "x" * 63: "1"}

    assert read(write(tmp_path, pool("p", nodeLabels=labels)))[0].labels == labels


def test_the_shipped_inventory_is_right(tmp_path: Path) -> None:
    (shipped,) = (
        one for one in manifests(image="i", family="fabric") if one["kind"] == "ConfigMap"
    )
    (tmp_path / "shipped").write_text(shipped["data"]["inventory.json"])
    pools = {one.name: (one.labels, len(one.devices)) for one in read(tmp_path / "shipped")}

    assert pools == {"fabric-everywhere": ({}, 4), "fabric-linux": (LINUX, 4)}
