"""Which requirements a run checks, which do not apply and why, and what it refuses to plan."""

from datetime import date
from typing import Any

import pytest

from drawplate.conformance import catalogue
from drawplate.conformance.catalogue import Height
from drawplate.conformance.problems import SetupProblem, SuiteError
from drawplate.conformance.profile.load import load
from drawplate.conformance.profile.model import KnownFailure, Profile
from drawplate.conformance.run.offer import Offer
from drawplate.conformance.run.plan import admitted, make_plan
from drawplate.conformance.selftest.verdict.samples import requirement
from drawplate.conformance.verdict.outcomes import Result
from drawplate.fixtures.clusters.provider import ClusterSpec

BOTH: frozenset[Any] = frozenset({"bench", "cluster"})


def offered(*heights: Height, **spec: Any) -> dict[Height, Offer]:
    return dict.fromkeys(heights, Offer.of(ClusterSpec(**spec)))


@pytest.fixture
def profile() -> Profile:
    return load("reference")


@pytest.fixture(autouse=True)
def _catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [
        requirement("PRE-01"),
        requirement("PRE-02", heights=("bench", "cluster")),
        requirement("PRE-03", heights=("cluster",)),
        requirement("PRE-04", since="1.36"),
        requirement("PRE-05", needs=("hotplug",)),
        requirement("PRE-06", retired=True),
    ]
    by_id = {entry.id: entry for entry in entries}
    monkeypatch.setattr(catalogue, "load", lambda: by_id)


def without_hotplug(profile: Profile) -> Profile:
    capabilities = profile.capabilities.model_copy(update={"hotplug": False})
    return profile.model_copy(update={"capabilities": capabilities})


def test_all_that_applies_is_checked_at_each_height_that_it_names(profile: Profile) -> None:
    plan = make_plan(profile, offered("bench", "cluster"))

    assert plan.checks == (
        ("PRE-01", "bench"),
        ("PRE-02", "bench"),
        ("PRE-02", "cluster"),
        ("PRE-03", "cluster"),
        ("PRE-04", "bench"),
        ("PRE-05", "bench"),
    )
    assert plan.exempt == ()
    assert plan.heights == BOTH


@pytest.mark.parametrize(("nodes", "there"), [(1, "1 node"), (2, "2 nodes")])
def test_what_takes_more_nodes_than_there_are_does_not_apply_and_says_why(
    nodes: int, there: str, profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = requirement("NOD-01", heights=("bench", "cluster"), nodes=3)
    monkeypatch.setattr(catalogue, "load", lambda: {"NOD-01": entry})

    plan = make_plan(profile, offered("bench", "cluster", nodes=nodes))

    assert plan.checks == (("NOD-01", "bench"),), "a bench plays as many nodes as it likes"
    (exempt,) = plan.exempt
    assert (exempt.height, exempt.result) == ("cluster", Result.NOT_APPLICABLE)
    assert exempt.reason == f"it takes 3 nodes to see; this cluster has {there}"
    assert exempt.out_of_reach, "more nodes would bring it into reach"


def test_what_takes_several_nodes_is_checked_where_there_are_as_many(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = requirement("NOD-01", heights=("cluster",), nodes=3)
    monkeypatch.setattr(catalogue, "load", lambda: {"NOD-01": entry})

    assert make_plan(profile, offered("cluster", nodes=3)).checks == (("NOD-01", "cluster"),)


def test_only_the_wanted_height_is_checked(profile: Profile) -> None:
    assert {height for _, height in make_plan(profile, offered("bench")).checks} == {"bench"}


def test_a_selection_is_checked_alone_and_in_its_order(profile: Profile) -> None:
    plan = make_plan(profile, offered("bench"), ["PRE-04", "PRE-01"])

    assert plan.checks == (("PRE-04", "bench"), ("PRE-01", "bench"))


def test_what_is_selected_twice_is_checked_once(profile: Profile) -> None:
    assert make_plan(profile, offered("bench"), ["PRE-01", "PRE-01"]).checks == (
        ("PRE-01", "bench"),
    )


def test_a_rule_newer_than_the_cluster_does_not_apply_and_says_why(profile: Profile) -> None:
    plan = make_plan(profile, offered("bench", kubernetes="1.35"))

    (exempt,) = plan.exempt
    assert (exempt.requirement.id, exempt.result) == ("PRE-04", Result.NOT_APPLICABLE)
    assert exempt.reason == "the rule exists since Kubernetes 1.36; this is 1.35"
    assert not exempt.out_of_reach
    assert ("PRE-04", "bench") not in plan.checks


@pytest.mark.parametrize("version", ["1.36", "1.36.0", "v1.36.4-gke.1", "1.100", "2.0"])
def test_versions_of_others_are_compared_as_numbers(profile: Profile, version: str) -> None:
    offers = offered("bench", kubernetes=version, provider="existing")

    assert make_plan(profile, offers).exempt == ()


@pytest.mark.parametrize("version", ["", "latest", "1.x", "1,37"])
def test_what_is_no_version_is_one_clear_problem(version: str) -> None:
    with pytest.raises(SetupProblem, match="is no version of Kubernetes") as caught:
        offered("bench", kubernetes=version, provider="existing")

    assert caught.value.where == "--kubernetes"
    assert caught.value.cure


def test_what_the_driver_cannot_do_does_not_apply_and_says_why(profile: Profile) -> None:
    plan = make_plan(without_hotplug(profile), offered("bench"))

    (exempt,) = plan.exempt
    assert exempt.requirement.id == "PRE-05"
    assert exempt.reason == "the profile declares that the driver has no hotplug"


def test_an_exemption_holds_even_when_it_is_all_that_was_selected(profile: Profile) -> None:
    plan = make_plan(without_hotplug(profile), offered("bench"), ["PRE-05"])

    assert plan.checks == ()
    assert len(plan.exempt) == 1


def test_an_unknown_requirement_is_named_with_the_nearest(profile: Profile) -> None:
    with pytest.raises(SetupProblem, match="there is no requirement 'pre-01'") as caught:
        make_plan(profile, offered("bench"), ["pre-01"])

    assert "did you mean PRE-01" in caught.value.cure
    assert caught.value.where


@pytest.mark.parametrize("name", ["PRE-03", "PRE-06"])
def test_a_selection_with_nothing_to_do_at_the_height_is_refused(
    profile: Profile, name: str
) -> None:
    with pytest.raises(SetupProblem, match=f"none of {name} is checked at the height bench"):
        make_plan(profile, offered("bench"), [name])


def test_a_need_that_nobody_defined_is_an_error_of_the_suite(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    strange = requirement("PRE-07", needs=("levitation",))
    monkeypatch.setattr(catalogue, "load", lambda: {"PRE-07": strange})

    with pytest.raises(SuiteError, match="levitation"):
        make_plan(profile, offered("bench"))


def test_known_failures_are_admitted_until_their_last_day(profile: Profile) -> None:
    entry = KnownFailure(
        requirement="PRE-01",
        heights=("bench",),
        reason="it forgets",
        link="https://example.com/1",
        until=date(2027, 3, 31),
    )
    admitting = profile.model_copy(update={"known_failures": (entry,)})

    (found,) = admitted(admitting, date(2027, 3, 31))
    assert (found.requirement, found.heights) == ("PRE-01", ("bench",))
    assert (found.reason, found.link) == ("it forgets", "https://example.com/1")
    assert admitted(admitting, date(2027, 4, 1)) == []
