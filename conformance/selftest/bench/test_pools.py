"""Pools: only the highest complete generation that the node reaches counts."""

import pytest

from drawplate.conformance.bench.nodes import NodeFacts
from drawplate.conformance.bench.pools import gather
from drawplate.conformance.selftest.bench.published import DRIVER, NODE, gpu, names, slice_of

HERE = NodeFacts(NODE, {"zone": "a", "rank": "7"})


def test_slices_of_one_pool_are_put_together_in_the_order_of_their_names() -> None:
    slices = [slice_of("c", name="s2", count=2), slice_of("a", "b", name="s1", count=2)]
    (pool,) = gather(slices, HERE)
    assert names(pool.devices) == ["a", "b", "c"]
    assert pool.complete


def test_an_older_generation_is_passed_over() -> None:
    slices = [slice_of("old", name="s1"), slice_of("new", name="s2", generation=2)]
    (pool,) = gather(slices, HERE)
    assert names(pool.devices) == ["new"]


def test_a_pool_with_missing_slices_is_not_complete_even_if_an_older_one_was() -> None:
    slices = [slice_of("old", name="s1"), slice_of("new", name="s2", generation=2, count=2)]
    (pool,) = gather(slices, HERE)
    assert pool.problem == "1 of 2 slices are there"


def test_a_newer_generation_for_other_nodes_ends_an_incomplete_pool_but_not_a_whole_one() -> None:
    newer = slice_of("b", name="s2", generation=2, nodeName="elsewhere")
    assert names(gather([slice_of("a"), newer], HERE)[0].devices) == ["a"]
    assert gather([slice_of("a", count=2), newer], HERE) == []


def test_a_device_name_may_be_there_once_only() -> None:
    slices = [slice_of("a", name="s1", count=2), slice_of("a", name="s2", count=2)]
    (pool,) = gather(slices, HERE)
    assert "device a is there twice" in pool.problem


def test_a_counter_that_nobody_defines_makes_the_pool_unusable() -> None:
    use = [{"counterSet": "set", "counters": {"memory": {"value": "1"}}}]
    (pool,) = gather([slice_of({"name": "a", "consumesCounters": use})], HERE)
    assert "unknown counters" in pool.problem


@pytest.mark.parametrize(
    ("requirement", "reached"),
    [
        ({"operator": "In", "values": ["a", "b"]}, True),
        ({"operator": "NotIn", "values": ["a"]}, False),
        ({"operator": "Exists"}, True),
        ({"operator": "DoesNotExist"}, False),
    ],
)
def test_a_node_selector_decides_by_labels(
    requirement: dict[str, object], *, reached: bool
) -> None:
    term = {"matchExpressions": [{"key": "zone"} | requirement]}
    pools = gather([slice_of("a", nodeSelector={"nodeSelectorTerms": [term]})], HERE)
    assert bool(pools) is reached


def test_numbers_in_labels_are_compared_as_numbers() -> None:
    def reached(operator: str, value: str) -> bool:
        term = {"matchExpressions": [{"key": "rank", "operator": operator, "values": [value]}]}
        return bool(gather([slice_of("a", nodeSelector={"nodeSelectorTerms": [term]})], HERE))

    assert reached("Gt", "6")
    assert not reached("Gt", "7")
    assert reached("Lt", "10")


def test_devices_of_other_nodes_are_left_out() -> None:
    assert gather([slice_of("a")], NodeFacts("elsewhere")) == []
    assert gather([slice_of("a", allNodes=True)], NodeFacts("elsewhere"))
    mixed = slice_of(
        {"name": "here", "nodeName": NODE}, {"name": "all", "allNodes": True},
        {"name": "there", "nodeName": "elsewhere"}, perDeviceNodeSelection=True,
    )  # fmt: skip
    (pool,) = gather([mixed], HERE)
    assert names(pool.devices) == ["here", "all"]


def test_pools_with_binding_conditions_come_last() -> None:
    binding = {"name": "a", "bindingConditions": ["Ready"], "bindingFailureConditions": ["No"]}
    pools = gather([slice_of(binding, name="s1"), slice_of("b", name="s2", pool="pool-b")], HERE)
    assert [pool.name for pool in pools] == ["pool-b", "pool-a"]


def test_an_attribute_is_found_with_and_without_the_drivers_domain() -> None:
    entry = gpu("a") | {"attributes": {"model": {"string": "x"}, "other.io/id": {"int": 5}}}
    (device,) = gather([slice_of(entry)], HERE)[0].devices
    assert device.attribute(f"{DRIVER}/model") == "x"
    assert device.attribute("other.io/id") == 5
    assert device.attribute("other.io/model") is None
