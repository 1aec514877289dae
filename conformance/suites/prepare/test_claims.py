"""Which claims may be prepared, and what in them counts."""

import dataclasses
import uuid

from drawplate.conformance.bench.claim_desk import Claim, ClaimDesk
from drawplate.conformance.bench.claims import ClaimRef
from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.stage import Stage
from drawplate.conformance.covers import covers


@covers("PRE-10")
def test_claim_of_another_uid_is_refused(kubelet: Kubelet, claim: Claim) -> None:
    stale = dataclasses.replace(ClaimRef.of(claim), uid=str(uuid.uuid4()))

    outcome = kubelet.prepare(stale)

    assert not outcome.ok, f"prepared {outcome.names} for a UID that the API does not have"


@covers("PRE-11")
def test_other_drivers_are_left_alone(bench: Stage, kubelet: Kubelet, claims: ClaimDesk) -> None:
    claim = claims.with_foreign_parts()

    outcome = kubelet.prepare(claim, driver=bench.profile.driver.name)

    assert outcome.ok, f"the parts of another driver made it fail: {outcome.problem}"
    own = {one.device for one in ClaimRef.of(claim).of_driver(bench.profile.driver.name).results}
    assert set(outcome.names) <= own, f"the reply also has {set(outcome.names) - own}"


@covers("PRE-20")
def test_device_in_use_is_refused(kubelet: Kubelet, claim: Claim, claims: ClaimDesk) -> None:
    kubelet.prepared(claim)
    second = claims.make(devices=ClaimRef.of(claim).results)

    outcome = kubelet.prepare(second)

    assert not outcome.ok, f"{outcome.names} is prepared for two claims at once"
    kubelet.unprepared(claim)
    freed = kubelet.prepare(second)
    assert freed.ok, f"still refused after the first claim was unprepared: {freed.problem}"


@covers("P13")
def test_neighbours_leave_a_prepared_claim_alone(
    bench: Stage, kubelet: Kubelet, claims: ClaimDesk
) -> None:
    held, neighbour = claims.several(2)
    outcome = bench.held(held)
    before = bench.edits(outcome)

    kubelet.prepared(neighbour)
    between = bench.edits(outcome)
    kubelet.unprepared(neighbour)

    assert between == before, "preparing the neighbour changed the claim's CDI devices"
    assert bench.edits(outcome) == before, "unpreparing the neighbour changed them"
