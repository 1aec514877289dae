"""The first profile of a driver: what it takes from slices, and that it can be used."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from drawplate.conformance.profile.check import check
from drawplate.conformance.profile.draft import Findings, choose, describe, write
from drawplate.conformance.profile.load import load
from drawplate.emulators.problems import SetupProblem

DRIVER = "gpu.acme.example"


def slice_of(
    *devices: dict[str, Any], driver: str = DRIVER, node: str = "n1", generation: int = 1
) -> dict[str, Any]:
    pool = {"name": node, "generation": generation, "resourceSliceCount": 1}
    return {"spec": {"driver": driver, "nodeName": node, "pool": pool, "devices": list(devices)}}


def device(name: str, **more: Any) -> dict[str, Any]:
    attributes = {"uuid": {"string": f"u-{name}"}, "model": {"string": "same"}}
    return {"name": name, "attributes": attributes, **more}


def drafted(findings: Findings, tmp_path: Path) -> Path:
    file = tmp_path / "draft.yaml"
    file.write_text(write(findings), encoding="utf-8")
    return file


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("versions", [None, (), ("v1.DRAPlugin", "v1beta1.DRAPlugin")])
def test_draft_passes_the_check(
    tmp_path: Path, count: int, versions: tuple[str, ...] | None
) -> None:
    devices = [device(f"gpu-{number}", taints=[]) for number in range(count)]

    file = drafted(describe([slice_of(*devices)], DRIVER, "n1", versions), tmp_path)

    assert check(file, date(2026, 11, 23)) == []


def test_draft_of_a_driver_with_everything_passes_the_check(tmp_path: Path) -> None:
    every = device(
        "a",
        allowMultipleAllocations=True,
        consumesCounters=[{}],
        taints=[{}],
        bindingConditions=["x"],
    )
    versions = ("v1.DRAPlugin", "v1.DRAResourceHealth", "v1alpha1.DRAResourceHealth")

    profile = load(str(drafted(describe([slice_of(every)], DRIVER, "n1", versions), tmp_path)))

    assert profile.capabilities.dra_versions == ("v1",)
    assert profile.capabilities.health == ("v1", "v1alpha1")
    assert all(
        profile.capability(name)
        for name in ("consumable", "partitionable", "taints", "bindingConditions")
    )


def test_draft_asks_for_what_the_driver_can_serve(tmp_path: Path) -> None:
    one = load(str(drafted(describe([slice_of(device("a"))], DRIVER, "n1", None), tmp_path)))
    two = describe([slice_of(device("a"), device("b"))], DRIVER, "n1", None)

    assert one.request("one")
    assert one.request("several") is None
    assert load(str(drafted(two, tmp_path))).request("several")


def test_draft_does_not_claim_what_was_not_seen(tmp_path: Path) -> None:
    profile = load(str(drafted(describe([slice_of(device("a"))], DRIVER, "n1", None), tmp_path)))

    assert profile.capabilities.dra_versions is None
    assert profile.capability("taints") is None
    assert profile.deploy.process is None


def test_attributes_that_tell_devices_apart_are_named() -> None:
    devices = [device("a"), device("b", attributes={"uuid": {"string": "other"}})]

    findings = describe([slice_of(*devices)], DRIVER, "n1", None)

    assert [attribute.name for attribute in findings.identities] == ["uuid"]
    assert 'shows: "{attribute:uuid}"' in write(findings)


def test_attribute_that_two_devices_share_is_not_named() -> None:
    twins = [device("a", attributes={"uuid": {"string": "x"}})] * 2

    assert describe([slice_of(*twins)], DRIVER, "n1", None).identities == ()


def test_old_generations_do_not_count() -> None:
    slices = [slice_of(device("a"), generation=2), slice_of(device("b"), generation=1)]

    assert [one["name"] for one in describe(slices, DRIVER, "n1", None).devices] == ["a"]


def test_only_driver_is_chosen_on_its_first_node() -> None:
    slices = [slice_of(node="n2"), slice_of(node="n1")]

    assert choose(slices, "", "") == (DRIVER, "n1")


def test_open_choice_of_the_driver_is_refused() -> None:
    slices = [slice_of(), slice_of(driver="nic.acme.example")]

    with pytest.raises(SetupProblem, match="more than one driver") as caught:
        choose(slices, "", "")

    assert "nic.acme.example" in caught.value.cure


@pytest.mark.parametrize(
    ("driver", "node", "what"),
    [("gpu.acme.exampel", "", "no driver 'gpu.acme.exampel'"), ("", "n9", "no node .* 'n9'")],
)
def test_driver_or_node_that_is_not_there_is_refused(driver: str, node: str, what: str) -> None:
    with pytest.raises(SetupProblem, match=what):
        choose([slice_of()], driver, node)


def test_cluster_without_slices_is_refused() -> None:
    with pytest.raises(SetupProblem, match="has no driver") as caught:
        choose([], "", "")

    assert "start the driver first" in caught.value.cure
