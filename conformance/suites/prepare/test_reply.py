"""The reply to NodePrepareResources: who is in it, and what it says."""

from collections import Counter

from drawplate.conformance.bench.claim_desk import Claim, ClaimDesk
from drawplate.conformance.bench.claims import ClaimRef
from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.stage import Stage
from drawplate.conformance.bench.versions import PREPARE
from drawplate.conformance.covers import covers


@covers("PRE-00")
def test_allocated_claim_is_prepared(kubelet: Kubelet, claim: Claim) -> None:
    outcome = kubelet.prepare(claim)

    assert not outcome.status, outcome.problem
    assert not outcome.error, outcome.problem
    allocated = {(one.pool, one.device) for one in ClaimRef.of(claim).results}
    given = {(one.pool, one.device) for one in outcome.devices}
    assert given <= allocated, f"allocated {sorted(allocated)}, prepared {sorted(given)}"


@covers("PRE-04")
def test_reply_has_every_claim(kubelet: Kubelet, claims: ClaimDesk) -> None:
    asked = claims.several(3)

    outcomes = kubelet.prepare(*asked)

    missing = [uid for uid, one in outcomes.items() if one.breaks("missing-uid")]
    assert not missing, f"{len(missing)} of {len(asked)} claims have no entry"


@covers("PRE-05")
def test_reply_has_no_other_claim(kubelet: Kubelet, claims: ClaimDesk) -> None:
    earlier, asked = claims.several(2)
    kubelet.prepared(earlier)

    outcome = kubelet.prepare(asked)

    assert not outcome.breaks("unknown-uid"), f"the reply also names {earlier['metadata']['uid']}"


@covers("PRE-06")
def test_one_bad_claim_does_not_hide_the_others(
    kubelet: Kubelet, claim: Claim, claims: ClaimDesk
) -> None:
    good = ClaimRef.of(claim)
    bad = claims.nonexistent()

    outcomes = kubelet.prepare(bad, good)

    assert not outcomes[good.uid].status, f"the whole call failed: {outcomes[good.uid].problem}"
    assert outcomes[bad.uid].error, "the claim that does not exist has no error"
    assert outcomes[good.uid].ok, f"the good claim failed too: {outcomes[good.uid].problem}"


@covers("PRE-14")
def test_every_result_has_its_device(kubelet: Kubelet, claims: ClaimDesk) -> None:
    claim = claims.widest()
    kubelet_view = kubelet.prepared(claim)

    allocated = {(one.pool, one.device) for one in ClaimRef.of(claim).results}
    given = {(one.pool, one.device) for one in kubelet_view.devices}
    assert given == allocated, f"allocated {sorted(allocated)}, prepared {sorted(given)}"


@covers("PRE-15")
def test_request_names_are_those_of_the_claim(kubelet: Kubelet, claims: ClaimDesk) -> None:
    claim = claims.make(alternatives=True)

    outcome = kubelet.prepared(claim)

    known = {one["name"] for one in claim["spec"]["devices"]["requests"]}
    named = {name for device in outcome.devices for name in device.requests}
    assert named <= known, (
        f"the claim's requests are {sorted(known)}, the reply names {sorted(named)}"
    )


@covers("PRE-17")
def test_cdi_devices_resolve_when_the_reply_arrives(
    bench: Stage, kubelet: Kubelet, claim: Claim
) -> None:
    outcome = kubelet.prepare(claim)
    unresolved = bench.unresolved(outcome)

    assert not unresolved, f"no CDI specification has {unresolved}"
    assert not outcome.breaks("malformed-cdi-id"), outcome.problem


@covers("PRE-18")
def test_claims_do_not_share_cdi_devices(kubelet: Kubelet, claims: ClaimDesk) -> None:
    first = claims.make()
    earlier = kubelet.prepared(first)
    kubelet.unprepared(first)
    # The same device again, for another claim: the name must be new, or mean the same.
    second = claims.make(devices=ClaimRef.of(first).results)
    later = kubelet.prepared(second)

    shared = set(earlier.cdi_ids()) & set(later.cdi_ids())
    assert not shared, f"used for claim {earlier.uid} and again for {later.uid}: {sorted(shared)}"


@covers("PRE-19")
def test_no_cdi_device_is_given_twice(kubelet: Kubelet, claims: ClaimDesk) -> None:
    outcome = kubelet.prepared(claims.widest())

    twice = [name for name, count in Counter(outcome.cdi_ids()).items() if count > 1]
    assert not twice, f"given more than once: {twice}"


@covers("S4")
def test_request_selects_its_devices(bench: Stage, kubelet: Kubelet, claims: ClaimDesk) -> None:
    outcome = kubelet.prepared(claim := claims.of_two_requests())

    for request in ("first", "second"):
        expected = bench.expected(claim, request)
        shown = bench.shown(outcome, request)
        assert shown == expected, f"request {request!r} shows {set(shown)}, not {set(expected)}"


@covers("PRE-10b")
def test_unallocated_claim_is_refused(kubelet: Kubelet, claims: ClaimDesk) -> None:
    claim = claims.make(allocate=False)

    reply = kubelet.call(PREPARE, [claim])

    answer = reply.message.claims.get(claim["metadata"]["uid"]) if reply.message else None
    assert reply.status != "OK" or (answer and answer.error), "the claim was prepared"
