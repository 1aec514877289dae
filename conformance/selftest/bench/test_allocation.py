"""Allocation: the devices that the real allocator would choose, and the words it would write."""

from collections.abc import Sequence
from typing import Any

import pytest

from drawplate.conformance.bench.allocated import allocation
from drawplate.conformance.bench.allocation import Pick, Search
from drawplate.conformance.bench.nodes import NodeFacts
from drawplate.conformance.bench.pools import gather
from drawplate.conformance.bench.selectors import PlainSelectors
from drawplate.conformance.bench.usage import Usage
from drawplate.conformance.selftest.bench.published import (
    DRIVER,
    NODE,
    allocated,
    claim,
    device_class,
    exactly,
    gpu,
    names,
    slice_of,
)

Object = dict[str, Any]


def search(
    slices: Sequence[Object], wanted: Object, *others: Object, **classes: Object
) -> list[Pick] | None:
    known = {"gpu": device_class()} | classes
    pools = gather(slices, NodeFacts(NODE))
    return Search(pools, Usage.of(others), PlainSelectors(), known.__getitem__, wanted).solve()


def found(
    slices: Sequence[Object], wanted: Object, *others: Object, **classes: Object
) -> list[Pick]:
    picks = search(slices, wanted, *others, **classes)
    assert picks is not None
    return picks


def write(
    slices: Sequence[Object], wanted: Object, *others: Object, **classes: Object
) -> dict[str, Any]:
    return allocation(wanted, found(slices, wanted, *others, **classes), NODE)


def test_the_first_free_device_is_taken() -> None:
    slices = [slice_of("a", "b")]
    assert names(found(slices, claim())) == ["a"]
    assert names(found(slices, claim(), allocated({"device": "a"}))) == ["b"]
    assert search(slices, claim(), allocated({"device": "a"}, {"device": "b"})) is None


def test_an_allocation_says_request_driver_pool_device_and_node() -> None:
    assert write([slice_of("a")], claim()) == {
        "devices": {
            "results": [{"request": "gpu", "driver": DRIVER, "pool": "pool-a", "device": "a"}]
        },
        "nodeSelector": {
            "nodeSelectorTerms": [
                {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [NODE]}]}
            ]
        },
    }


def test_a_count_takes_different_devices_and_all_takes_every_one() -> None:
    slices = [slice_of("a", "b", "c")]
    assert names(found(slices, claim(exactly(count=2)))) == ["a", "b"]
    assert search(slices, claim(exactly(count=4))) is None
    everything = claim(exactly(allocationMode="All"))
    assert names(found(slices, everything)) == ["a", "b", "c"]
    assert search(slices, everything, allocated({"device": "b"})) is None
    assert search([slice_of()], everything) is None


def test_all_devices_means_nothing_while_any_pool_is_incomplete() -> None:
    slices = [slice_of("a"), slice_of("b", name="s2", pool="pool-b", count=2)]
    sub = [
        {"name": "all", "deviceClassName": "gpu", "allocationMode": "All"},
        {"name": "one", "deviceClassName": "gpu"},
    ]
    assert names(found(slices, claim())) == ["a"]
    assert search(slices, claim(exactly(allocationMode="All"))) is None
    assert search(slices, claim({"name": "r", "firstAvailable": sub})) is None


def test_a_constraint_that_all_devices_cannot_meet_ends_the_search() -> None:
    slices = [slice_of(gpu("a", "x"), gpu("b", "y"))]
    sub = [
        {"name": "all", "deviceClassName": "gpu", "allocationMode": "All"},
        {"name": "one", "deviceClassName": "gpu"},
    ]
    same = [{"matchAttribute": f"{DRIVER}/model"}]
    assert search(slices, claim({"name": "r", "firstAvailable": sub}, constraints=same)) is None


def test_an_incomplete_pool_gives_nothing() -> None:
    assert search([slice_of("a", count=2)], claim()) is None


def test_selectors_of_class_and_request_both_count() -> None:
    def only(expression: str) -> list[Object]:
        return [{"cel": {"expression": expression}}]

    mine, other = f'device.driver == "{DRIVER}"', 'device.driver == "other"'
    slices = [slice_of("a")]
    assert search(slices, claim(), gpu=device_class(selectors=only(mine)))
    assert search(slices, claim(), gpu=device_class(selectors=only(other))) is None
    assert search(slices, claim(exactly(selectors=only("false")))) is None


def test_the_first_subrequest_that_fits_is_taken() -> None:
    sub = [
        {"name": "many", "deviceClassName": "gpu", "count": 5},
        {"name": "two", "deviceClassName": "gpu", "count": 2},
        {"name": "one", "deviceClassName": "gpu"},
    ]
    results = write([slice_of("a", "b")], claim({"name": "r", "firstAvailable": sub}))["devices"]
    assert [(one["request"], one["device"]) for one in results["results"]] == [
        ("r/two", "a"),
        ("r/two", "b"),
    ]


def test_the_search_goes_back_when_a_later_request_finds_nothing() -> None:
    slices = [slice_of(gpu("a", "x"), gpu("b", "y"), gpu("c", "y"))]
    same = [{"matchAttribute": f"{DRIVER}/model"}]
    wanted = claim(exactly("one"), exactly("two"), constraints=same)
    assert names(found(slices, wanted)) == ["b", "c"]
    distinct = [{"distinctAttribute": f"{DRIVER}/model"}]
    assert names(found(slices, claim(exactly(count=2), constraints=distinct))) == ["a", "b"]
    assert search(slices, claim(exactly(count=3), constraints=distinct)) is None
    missing = [{"matchAttribute": f"{DRIVER}/none"}]
    assert search(slices, claim(constraints=missing)) is None
    elsewhere = [{"requests": ["two"], "matchAttribute": f"{DRIVER}/none"}]
    assert search(slices, claim(exactly("one"), constraints=elsewhere))


def test_admin_access_shares_devices_that_others_have() -> None:
    slices = [slice_of("a")]
    admin = claim(exactly(adminAccess=True))
    result = write(slices, admin, allocated({"device": "a"}))["devices"]["results"][0]
    assert result["adminAccess"] is True
    used = allocated({"device": "a", "adminAccess": True})
    assert names(found(slices, claim(), used)) == ["a"]


@pytest.mark.parametrize(
    ("toleration", "tolerated"),
    [
        (None, False),
        ({"operator": "Exists"}, True),
        ({"key": "bad", "operator": "Exists", "effect": "NoExecute"}, False),
        ({"key": "bad", "value": "yes"}, True),
        ({"key": "bad", "value": "no"}, False),
        ({"key": "other", "operator": "Exists"}, False),
    ],
)
def test_a_tainted_device_needs_a_toleration(toleration: Object | None, *, tolerated: bool) -> None:
    taints = [{"key": "bad", "value": "yes", "effect": "NoSchedule"}]
    slices = [slice_of({"name": "a", "taints": taints})]
    request = exactly(tolerations=[toleration] if toleration else [])
    assert bool(search(slices, claim(request))) is tolerated
    harmless = [slice_of({"name": "a", "taints": [taints[0] | {"effect": "None"}]})]
    assert search(harmless, claim())


def test_partitions_share_the_counters_of_their_pool() -> None:
    def part(name: str, memory: str) -> Object:
        use = {"counterSet": "gpu-0", "counters": {"memory": {"value": memory}}}
        return {"name": name, "consumesCounters": [use]}

    counters = [{"name": "gpu-0", "counters": {"memory": {"value": "40Gi"}}}]
    slices = [
        slice_of(name="s0", count=2, sharedCounters=counters),
        slice_of(part("whole", "40Gi"), part("half", "20Gi"), part("rest", "20Gi"), count=2),
    ]
    assert names(found(slices, claim())) == ["whole"]
    assert search(slices, claim(), allocated({"device": "whole"})) is None
    assert names(found(slices, claim(), allocated({"device": "half"}))) == ["rest"]
    assert names(found(slices, claim(exactly(count=2)))) == ["half", "rest"]


MEMORY = {"value": "40Gi", "requestPolicy": {"default": "1Gi"}}


def shared(memory: Object) -> Object:
    return {"name": "a", "allowMultipleAllocations": True, "capacity": {"memory": memory}}


def test_all_passes_over_devices_that_are_too_small_but_not_over_full_ones() -> None:
    small = {"name": "small", "capacity": {"memory": {"value": "1Gi"}}}
    slices = [slice_of(shared(MEMORY), small)]
    wanted = claim(exactly(allocationMode="All", capacity={"requests": {"memory": "10Gi"}}))
    assert names(found(slices, wanted)) == ["a"]
    used = {"device": "a", "shareID": "s1", "consumedCapacity": {"memory": "35Gi"}}
    assert search(slices, wanted, allocated(used)) is None


def test_a_share_has_an_id_and_what_it_consumes() -> None:
    request = exactly(capacity={"requests": {"memory": "10Gi"}})
    result = write([slice_of(shared(MEMORY))], claim(request))["devices"]["results"][0]
    assert result["consumedCapacity"] == {"memory": "10Gi"}
    assert len(result["shareID"]) == 36


def test_shares_fit_until_the_capacity_is_used_up() -> None:
    slices = [slice_of(shared(MEMORY))]
    used = allocated(
        {"device": "a", "shareID": "s1", "consumedCapacity": {"memory": "20Gi"}},
        {"device": "a", "shareID": "s2", "consumedCapacity": {"memory": "15Gi"}},
    )
    assert search(slices, claim(exactly(capacity={"requests": {"memory": "5Gi"}})), used)
    assert search(slices, claim(exactly(capacity={"requests": {"memory": "6Gi"}})), used) is None
    assert search(slices, claim(exactly(capacity={"requests": {"unknown": "1"}}))) is None


@pytest.mark.parametrize(
    ("policy", "wanted", "consumed"),
    [
        (None, None, "40Gi"),
        ({"default": "2Gi"}, None, "2Gi"),
        ({"default": "1Gi", "validRange": {"min": "4Gi"}}, "3Gi", "4Gi"),
        ({"default": "1Gi", "validRange": {"min": "1", "step": "4"}}, "6", "9"),
        ({"default": "1Gi", "validRange": {"min": "1", "max": "8"}}, "9", None),
        ({"default": "1Gi", "validValues": ["4Gi", "8Gi"]}, "5Gi", "8Gi"),
        ({"default": "1Gi", "validValues": ["4Gi", "8Gi"]}, "9Gi", None),
    ],
)
def test_a_request_is_rounded_to_what_the_device_permits(
    policy: Object | None, wanted: str | None, consumed: str | None
) -> None:
    memory: Object = {"value": "40Gi"} | ({"requestPolicy": policy} if policy else {})
    request = exactly(capacity={"requests": {"memory": wanted}} if wanted else {})
    picks = search([slice_of(shared(memory))], claim(request))
    assert (picks[0].capacity if picks else None) == ({"memory": consumed} if consumed else None)


def test_configuration_comes_from_the_class_first_and_names_requests_only_if_needed() -> None:
    opaque = {"opaque": {"driver": DRIVER, "parameters": {"n": 1}}}
    for_one = {"requests": ["one"]} | opaque
    wanted = claim(
        exactly("one"), exactly("two", deviceClassName="other"), config=[for_one, opaque]
    )
    config = write(
        [slice_of("a", "b")],
        wanted,
        gpu=device_class(config=[opaque]),
        other=device_class("other"),
    )["devices"]["config"]
    assert [(entry["source"], entry.get("requests")) for entry in config] == [
        ("FromClass", ["one"]),
        ("FromClaim", ["one"]),
        ("FromClaim", None),
    ]


def test_a_class_that_serves_all_requests_is_written_once_without_names() -> None:
    opaque = {"opaque": {"driver": DRIVER, "parameters": {}}}
    wanted = claim(exactly("one"), exactly("two"))
    config = write([slice_of("a", "b")], wanted, gpu=device_class(config=[opaque]))
    assert config["devices"]["config"] == [{"source": "FromClass"} | opaque]


def test_devices_for_all_nodes_bind_the_claim_to_none() -> None:
    assert "nodeSelector" not in write([slice_of("a", allNodes=True)], claim())
    term = {"matchExpressions": [{"key": "zone", "operator": "DoesNotExist"}]}
    selector = {"nodeSelectorTerms": [term]}
    written = write([slice_of("a", nodeSelector=selector)], claim())
    assert written["nodeSelector"] == selector


def test_a_claim_cannot_have_more_than_32_devices() -> None:
    slices = [slice_of(*[f"d{n}" for n in range(40)])]
    assert len(found(slices, claim(exactly(count=32)))) == 32
    assert search(slices, claim(exactly(count=33))) is None
