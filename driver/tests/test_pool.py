"""The plan of a pool: which slices are written, with which generation."""

from collections.abc import Sequence
from typing import Any

import pytest

from drawplate.driver.pool import Plan, Pool, Slice, Spec, compare, split

POOL = Pool.of_node("gpu.example.com", "node-a")


def devices(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [{"name": f"dev-{number}"} for number in range(start, start + count)]


def stored(name: str, listed: list[Any], generation: int = 1, count: int = 1) -> Slice:
    pool = {"name": "node-a", "generation": generation, "resourceSliceCount": count}
    spec: Spec = {"driver": POOL.driver, "nodeName": "node-a", "pool": pool, "devices": listed}
    if not listed:
        del spec["devices"]
    return {"metadata": {"name": name}, "spec": spec}


def plan(wanted: Sequence[Any], *found: Slice, generation: int = 0) -> Plan:
    return compare(
        POOL, wanted, found, generation=generation, is_right=lambda one, spec: one["spec"] == spec
    )


def result(found: Sequence[Slice], made: Plan) -> dict[str, Spec]:
    """Give the slices that the plan leads to."""
    after = {one["metadata"]["name"]: one["spec"] for one in found}
    after |= {f"new-{number}": spec for number, spec in made.create}
    after |= {one["metadata"]["name"]: spec for one, spec in made.replace}
    for one in made.remove:
        del after[one["metadata"]["name"]]
    return after


def test_a_pool_that_is_right_is_left_alone() -> None:
    assert plan(devices(3), stored("a", devices(3), generation=7)).empty


def test_no_devices_are_one_empty_slice() -> None:
    made = plan([])

    assert len(made.create) == 1
    assert "devices" not in made.create[0][1]
    assert plan([], stored("a", [])).empty


def test_a_first_pool_begins_with_generation_one() -> None:
    assert plan(devices(3)).generation == 1
    assert plan(devices(300)).generation == 1


@pytest.mark.parametrize(("count", "slices"), [(0, 1), (1, 1), (128, 1), (129, 2), (300, 3)])
def test_slices_hold_at_most_128_devices_each(count: int, slices: int) -> None:
    parts = split(devices(count))

    assert len(parts) == slices
    assert [device for part in parts for device in part] == devices(count)
    assert all(len(part) <= 128 for part in parts)


def test_one_changed_slice_keeps_the_generation() -> None:
    made = plan(devices(4), stored("a", devices(3), generation=7))

    assert [spec["pool"]["generation"] for _, spec in made.replace] == [7]


def test_one_deleted_slice_of_several_comes_back_in_the_generation() -> None:
    left = stored("b", devices(2, start=128), generation=7, count=2)
    made = plan(devices(130), left)

    assert [number for number, _ in made.create] == [0]
    assert made.create[0][1]["pool"]["generation"] == 7
    assert not made.replace


@pytest.mark.parametrize(("before", "after"), [(1, 130), (130, 1), (130, 300), (300, 0)])
def test_several_writes_rise_to_one_new_generation(before: int, after: int) -> None:
    parts = split(devices(before))
    found = [stored(f"s{n}", part, 7, len(parts)) for n, part in enumerate(parts)]
    made = plan(devices(after), *found)
    pools = [spec["pool"] for spec in result(found, made).values()]

    assert {pool["generation"] for pool in pools} == {8}
    assert (
        {pool["resourceSliceCount"] for pool in pools}
        == {len(pools)}
        == {len(split(devices(after)))}
    )


@pytest.mark.parametrize(
    "found",
    [
        [stored("a", devices(3), generation=9)],
        [stored("a", devices(1), generation=9)],
        [stored("a", devices(3), generation=2)],
        [stored("a", devices(3), count=4)],
        [stored("a", devices(3)), stored("b", devices(3))],
        [stored("a", devices(1)), stored("b", devices(3), generation=5)],
        [stored("a", devices(3)), stored("b", [{"name": "bogus"}], generation=50)],
        [stored("a", []), stored("b", []), stored("c", devices(3))],
        [],
    ],
)
def test_whatever_is_found_the_pool_ends_complete_and_stays_so(found: list[Slice]) -> None:
    made = plan(devices(3), *found, generation=3)
    after = result(found, made)
    again = plan(
        devices(3),
        *({"metadata": {"name": name}, "spec": spec} for name, spec in after.items()),
        generation=made.generation,
    )

    assert [spec["devices"] for spec in after.values()] == [devices(3)]
    assert [spec["pool"]["resourceSliceCount"] for spec in after.values()] == [1]
    assert all(spec["pool"]["generation"] >= 3 for spec in after.values())
    assert again.empty


def test_a_slice_that_has_its_devices_is_not_written_for_the_sake_of_order() -> None:
    found = [stored("a", devices(2, 128), 1, 2), stored("b", devices(128), 1, 2)]

    assert plan(devices(130), *found).empty


def test_slices_of_others_are_not_part_of_the_plan() -> None:
    other = stored("x", [{"name": "bogus"}], generation=50)
    other = {**other, "spec": {**other["spec"], "nodeName": "node-b"}}

    assert plan(devices(3), other, stored("a", devices(3))).empty
