"""The objects of cluster tests: what a claim asks for, and who in a pod lists it."""

import copy

import pytest

from drawplate.conformance.cluster import objects
from drawplate.conformance.cluster.objects import PodSpec, Use, Wanted, claim_spec
from drawplate.conformance.problems import Inconclusive
from drawplate.conformance.profile.load import load
from drawplate.conformance.profile.model import Profile


@pytest.fixture(scope="module")
def profile() -> Profile:
    return load("upstream-test-driver")


def test_each_need_becomes_a_request_with_a_name_of_its_own(profile: Profile) -> None:
    requests = claim_spec(profile, Wanted(("one", "several")))["devices"]["requests"]

    assert [one["name"] for one in requests] == ["first", "second"]
    assert "count" not in requests[0]["exactly"]
    assert requests[1]["exactly"]["count"] == 2


def test_selector_is_added_to_every_request_and_not_to_the_profile(profile: Profile) -> None:
    before = copy.deepcopy(profile.requests)

    requests = claim_spec(profile, Wanted(("one", "one"), selector="true"))["devices"]["requests"]

    assert all(one["exactly"]["selectors"] == [{"cel": {"expression": "true"}}] for one in requests)
    assert profile.requests == before


def test_config_is_opaque_and_for_the_driver(profile: Profile) -> None:
    case = profile.cases(valid=False)[0]

    (entry,) = claim_spec(profile, Wanted(("one",), config=case))["devices"]["config"]

    assert entry["opaque"] == {"driver": profile.driver.name, "parameters": case.parameters}


def test_need_that_the_driver_cannot_serve_is_inconclusive(profile: Profile) -> None:
    with pytest.raises(Inconclusive, match="partition"):
        claim_spec(profile, Wanted(("partition",)))


def test_container_lists_only_what_it_uses() -> None:
    user = objects.container("user", [Use("c", "first"), Use("d")])
    idle = objects.container("idle", [])

    assert user["resources"] == {"claims": [{"name": "c", "request": "first"}, {"name": "d"}]}
    assert "resources" not in idle


def test_init_container_ends_and_the_others_hold() -> None:
    assert objects.container("setup", [], hold=False)["args"] == []
    assert objects.container("main", [])["args"] == ["hold"]


def test_pod_is_pinned_to_the_node() -> None:
    pod = objects.pod("p", "ns", PodSpec(["node-7"], [], [objects.container("main", [])]))

    affinity = pod["spec"]["affinity"]["nodeAffinity"]
    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
    assert term["matchFields"] == [{"key": "metadata.name", "operator": "In", "values": ["node-7"]}]


def test_objects_do_not_share_parts() -> None:
    first = objects.pod("a", "ns", PodSpec(["n"], [], []))
    first["spec"]["restartPolicy"] = "Never"

    assert objects.pod("b", "ns", PodSpec(["n"], [], []))["spec"]["restartPolicy"] == "Always"
