"""What the kubelet may repeat, a driver must survive."""

import pytest

from drawplate.conformance.bench.claim_desk import Claim, ClaimDesk
from drawplate.conformance.bench.claims import ClaimRef
from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.stage import Stage
from drawplate.conformance.covers import covers


@covers("PRE-07")
def test_prepare_is_idempotent(bench: Stage, kubelet: Kubelet, claim: Claim) -> None:
    first = bench.held(claim)
    edits = bench.edits(first)

    again = kubelet.prepare(claim)

    assert again.ok, again.problem
    assert again.devices == first.devices, f"first {first.devices}, then {again.devices}"
    assert bench.edits(again) == edits, "a container would get something else"


@pytest.mark.parametrize("moment", ["after the call", "during the call"])
@covers("PRE-08")
def test_prepare_is_repeated_after_a_crash(
    bench: Stage, kubelet: Kubelet, claim: Claim, moment: str
) -> None:
    before = kubelet.cdi.snapshot()
    pending = kubelet.begin_prepare(claim)
    if moment == "after the call":
        pending.results()
    bench.crash()
    again = kubelet.prepare(claim)

    assert again.ok, f"{moment} the driver was killed, then: {again.problem}"
    assert bench.shown(again) == bench.expected(claim)
    kubelet.unprepared(claim)
    left = bench.surplus(before)
    assert not left, f"left behind: {left}"


@covers("PRE-09")
def test_concurrent_prepares_agree(kubelet: Kubelet, claim: Claim) -> None:
    calls = [kubelet.begin_prepare(claim) for _ in range(8)]
    outcomes = [call.result() for call in calls]

    failed = [one.problem for one in outcomes if not one.ok]
    assert not failed, f"{len(failed)} of {len(outcomes)} concurrent calls failed: {failed[0]}"
    answers = {one.devices for one in outcomes}
    assert len(answers) == 1, f"concurrent calls gave different devices: {answers}"


@covers("PRE-21")
def test_new_allocation_replaces_the_old(kubelet: Kubelet, claims: ClaimDesk) -> None:
    claim, moved = claims.reallocatable()
    kubelet.prepared(claim)

    after = claims.reallocate(claim, moved)
    outcome = kubelet.prepare(after)

    # An error is honest too: the kubelet tries again, and the pod does not start with a device
    # that was given to somebody else.
    stale = {one.device for one in ClaimRef.of(claim).results} & set(outcome.names)
    assert not stale, f"prepared {sorted(stale)}, which the claim no longer has"


@covers("PRE-25")
def test_prepare_survives_a_reboot(bench: Stage, kubelet: Kubelet, claim: Claim) -> None:
    first = bench.held(claim)

    bench.reboot()
    again = kubelet.prepare(claim)

    assert again.ok, again.problem
    assert not bench.unresolved(again), "a container runtime could not find these devices"
    assert bench.shown(again) == bench.expected(claim), f"before the reboot: {first.devices}"


@covers("UNP-15")
def test_claim_can_be_prepared_again(bench: Stage, kubelet: Kubelet, claim: Claim) -> None:
    kubelet.prepared(claim)
    kubelet.unprepared(claim)

    again = kubelet.prepare(claim)

    assert again.ok, again.problem
    assert bench.shown(again) == bench.expected(claim)
