"""NodeUnprepareResources: it must always end well, and leave nothing."""

import uuid

from drawplate.conformance.bench.claim_desk import Claim, ClaimDesk
from drawplate.conformance.bench.claims import ClaimRef
from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.stage import Stage
from drawplate.conformance.covers import covers


@covers("UNP-07")
def test_unknown_claim_is_a_success(kubelet: Kubelet, claim: Claim) -> None:
    unknown = ClaimRef("default", str(uuid.uuid4()), "never-prepared")
    kubelet.prepared(claim)
    kubelet.unprepared(claim)

    never = kubelet.unprepare(unknown)
    twice = kubelet.unprepare(claim)

    assert never.ok or never.breaks("missing-uid"), f"never prepared: {never.problem}"
    assert twice.ok or twice.breaks("missing-uid"), f"unprepared before: {twice.problem}"


@covers("UNP-08")
def test_claim_object_is_not_needed(
    bench: Stage, kubelet: Kubelet, claim: Claim, claims: ClaimDesk
) -> None:
    before = kubelet.cdi.snapshot()
    kubelet.prepared(claim)
    claims.delete(claim)

    outcome = kubelet.unprepare(claim)

    assert outcome.ok or outcome.breaks("missing-uid"), outcome.problem
    left = bench.surplus(before)
    assert not left, f"left behind: {left}"


@covers("UNP-09")
def test_reply_has_every_claim(kubelet: Kubelet, claims: ClaimDesk) -> None:
    asked = claims.several(3)
    kubelet.prepared(asked[0])

    outcomes = kubelet.unprepare(*asked)

    failed = [one.problem for one in outcomes.values() if one.status]
    missing = [uid for uid, one in outcomes.items() if one.breaks("missing-uid")]
    assert not failed, failed[0]
    assert not missing, f"{len(missing)} of {len(asked)} claims have no entry"


@covers("UNP-10")
def test_nothing_is_left(bench: Stage, kubelet: Kubelet, claim: Claim) -> None:
    before = kubelet.cdi.snapshot()
    kubelet.prepared(claim)

    outcome = kubelet.unprepare(claim)

    assert outcome.ok or outcome.breaks("missing-uid"), outcome.problem
    left = bench.surplus(before)
    assert not left, f"still in the CDI folders: {left}"


@covers("UNP-12")
def test_old_uid_does_not_touch_a_new_claim_of_the_name(
    bench: Stage, kubelet: Kubelet, claim: Claim, claims: ClaimDesk
) -> None:
    old = ClaimRef.of(claim)
    kubelet.prepared(claim)
    kubelet.unprepared(claim)
    successor = claims.successor(claim)
    outcome = bench.held(successor)
    edits = bench.edits(outcome)

    kubelet.unprepare(old)

    gone = bench.unresolved(outcome)
    assert not gone, f"unpreparing {old.uid} took {gone} from {outcome.uid}"
    assert bench.edits(outcome) == edits, f"unpreparing {old.uid} changed {outcome.uid}"


@covers("UNP-13")
def test_crash_between_prepare_and_unprepare(
    bench: Stage, kubelet: Kubelet, claim: Claim, claims: ClaimDesk
) -> None:
    before = kubelet.cdi.snapshot()
    kubelet.prepared(claim)
    bench.crash()

    outcome = kubelet.unprepare(claim)

    assert outcome.ok or outcome.breaks("missing-uid"), outcome.problem
    left = bench.surplus(before)
    assert not left, f"left behind: {left}"
    successor = claims.make(devices=ClaimRef.of(claim).results)
    taken = kubelet.prepare(successor)
    assert taken.ok, f"the device is not free afterwards: {taken.problem}"


@covers("UNP-14")
def test_neighbours_keep_their_devices(bench: Stage, kubelet: Kubelet, claims: ClaimDesk) -> None:
    kept, ended = claims.several(2)
    outcome = bench.held(kept)
    kubelet.prepared(ended)
    before = bench.edits(outcome)

    kubelet.unprepared(ended)

    assert not bench.unresolved(outcome), f"gone: {bench.unresolved(outcome)}"
    assert bench.edits(outcome) == before, "the neighbour's CDI devices changed"


@covers("FLT-21")
def test_prepare_and_unprepare_at_once(bench: Stage, kubelet: Kubelet, claim: Claim) -> None:
    before = kubelet.cdi.snapshot()
    bench.held(claim)
    kubelet.unprepared(claim)
    for _ in range(10):
        preparing = kubelet.begin_prepare(claim)
        unpreparing = kubelet.begin_unprepare(claim)
        preparing.results()
        unpreparing.results()
        settled = kubelet.prepare(claim)
        assert settled.ok, f"prepare after the race: {settled.problem}"
        gone = bench.unresolved(settled)
        assert not gone, f"after the race the driver says prepared, but {gone} do not resolve"
        assert bench.shown(settled) == bench.expected(claim)
        ended = kubelet.unprepare(claim)
        assert ended.ok or ended.breaks("missing-uid"), f"unprepare after the race: {ended.problem}"
        left = bench.surplus(before)
        assert not left, f"the race left {left}"
