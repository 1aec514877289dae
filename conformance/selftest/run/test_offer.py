"""What a minor and its gates offer decides which requirements apply, and each reason names it."""

from typing import Any

import pytest

from drawplate.conformance import catalogue
from drawplate.conformance.problems import SetupProblem
from drawplate.conformance.run.offer import Offer
from drawplate.conformance.selftest.verdict.samples import requirement
from drawplate.fixtures.clusters.provider import ClusterSpec
from drawplate.fixtures.clusters.versions_table import facts, flaws, gates_known, numbers, supported


def lacks(spec: ClusterSpec, **needs: Any) -> str:
    return Offer.of(spec).lacks(requirement(kubernetes=needs))


@pytest.mark.parametrize(
    ("spec", "gate", "reason"),
    [
        (ClusterSpec(kubernetes="1.36"), "DRADeviceTaints", ""),
        (
            ClusterSpec(kubernetes="1.35"),
            "DRADeviceTaints",
            "the feature gate DRADeviceTaints is off in Kubernetes 1.35 with the gate set default",
        ),
        (ClusterSpec(kubernetes="1.35", gates="all-alpha"), "DRADeviceTaints", ""),
        (
            ClusterSpec(kubernetes="1.36", feature_gates={"DRADeviceTaints": False}),
            "DRADeviceTaints",
            "the feature gate DRADeviceTaints is off in Kubernetes 1.36 with the gate set default",
        ),
        # Who switches off a locked gate is not believed.
        (ClusterSpec(feature_gates={"DRADeviceTaints": False}), "DRADeviceTaints", ""),
        (ClusterSpec(kubernetes="1.36", gates="all-beta"), "DRADeviceTaintRules", ""),
        (
            ClusterSpec(kubernetes="1.34"),
            "DRADerivedAttributes",
            "Kubernetes 1.34 has no feature gate DRADerivedAttributes",
        ),
    ],
)
def test_gates_are_as_the_minor_and_the_set_make_them(
    spec: ClusterSpec, gate: str, reason: str
) -> None:
    assert lacks(spec, gates=[gate]) == reason


@pytest.mark.parametrize("name", ["P4", "PRE-25"])
@pytest.mark.parametrize(
    ("spec", "spoiled"),
    [
        (ClusterSpec(kubernetes="1.34"), False),
        (ClusterSpec(kubernetes="1.34", gates="all-alpha"), True),
        (ClusterSpec(kubernetes="1.34", feature_gates={"ResourceHealthStatus": True}), True),
        (ClusterSpec(kubernetes="1.35", gates="all-alpha"), False),
        (ClusterSpec(kubernetes="1.36", gates="all-alpha"), False),
    ],
)
def test_a_defect_of_kubernetes_puts_what_it_spoils_out_of_reach(
    spec: ClusterSpec, *, spoiled: bool, name: str
) -> None:
    reason = Offer.of(spec).puts_out_of_reach(catalogue.load()[name])

    assert bool(reason) is spoiled
    assert not spoiled or "ResourceHealthStatus: a kubelet that prepares a claim again" in reason


def test_requirements_name_defects_that_are_known() -> None:
    named = {name for entry in catalogue.load().values() for name in entry.spoiled_by}

    assert named == set(flaws())


def test_services_are_those_that_the_kubelet_calls() -> None:
    assert lacks(ClusterSpec(), services=["v1.DRAResourceHealth"]) == ""
    assert lacks(ClusterSpec(kubernetes="1.36"), services=["v1.DRAResourceHealth"]) == (
        "the kubelet of Kubernetes 1.36 does not call v1.DRAResourceHealth"
    )


def test_versions_of_the_api_are_those_that_are_served() -> None:
    assert lacks(ClusterSpec(), apis=["v1alpha3"]) == ""
    assert lacks(ClusterSpec(), apis=["v2"]) == (
        "Kubernetes 1.37 does not serve resource.k8s.io/v2 with the gate set default"
    )


def test_a_cluster_of_others_has_what_its_minor_has_by_itself() -> None:
    spec = ClusterSpec(provider="existing", kubernetes="v1.99.3", gates="all-alpha")

    assert lacks(spec, gates=["DRADeviceTaints"]) == ""
    assert "is off in Kubernetes 1.99" in lacks(spec, gates=["DRADerivedAttributes"])


def test_a_set_or_version_that_does_not_exist_is_one_clear_problem() -> None:
    with pytest.raises(SetupProblem, match="there is no gate set 'some'"):
        Offer.of(ClusterSpec(gates="some"))
    with pytest.raises(SetupProblem, match=r"Kubernetes '1\.12' cannot be run") as problem:
        Offer.of(ClusterSpec(kubernetes="1.12"))
    assert all(minor in problem.value.cure for minor in supported())


def test_what_the_catalogue_asks_of_kubernetes_exists() -> None:
    services = {service for minor in supported() for service in facts(minor).services}
    apis = {api for minor in supported() for api in facts(minor).apis.all}

    for entry in catalogue.load().values():
        assert gates_known().issuperset(entry.kubernetes.gates), entry.id
        assert services.issuperset(entry.kubernetes.services), entry.id
        assert apis.issuperset(entry.kubernetes.apis), entry.id
        assert numbers(entry.since) <= numbers(supported()[-1]), entry.id
