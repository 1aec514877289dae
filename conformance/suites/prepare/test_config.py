"""Opaque configuration: where it applies, and what is refused."""

from drawplate.conformance.bench.claim_desk import ClaimDesk
from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.stage import Stage
from drawplate.conformance.covers import covers
from drawplate.conformance.problems import Inconclusive
from drawplate.conformance.profile.observation import shows


@covers("PRE-12")
def test_config_applies_to_the_named_request_only(
    bench: Stage, kubelet: Kubelet, claims: ClaimDesk
) -> None:
    case = claims.visible_config()
    claim = claims.of_two_requests(config=case, applies_to="first")
    outcome = kubelet.prepared(claim)

    first, second = bench.edits(outcome, "first"), bench.edits(outcome, "second")

    effects = [effect for effect in case.expect if not effect.absent]
    assert all(shows(effect, first) for effect in effects), "no effect on the request it names"
    assert not any(shows(effect, second) for effect in effects), "an effect on the other request"


@covers("PRE-13")
def test_invalid_config_is_refused(bench: Stage, kubelet: Kubelet, claims: ClaimDesk) -> None:
    cases = bench.profile.cases(valid=False)
    if not cases:
        raise Inconclusive("the profile has no configs.cases that are not valid")
    before = kubelet.cdi.snapshot()
    for case in cases:
        claim = claims.make(config=case)

        outcome = kubelet.prepare(claim)

        assert not outcome.ok, f"case {case.id!r} was accepted"
        left = bench.surplus(before)
        assert not left, f"case {case.id!r} was refused but left {left}"
        # The device is free: what was refused must not count as prepared.
        kubelet.unprepared(claim)
        kubelet.prepared(good := claims.make())
        kubelet.unprepared(good)


@covers("S9")
def test_config_keeps_its_effect_over_a_restart(
    bench: Stage, kubelet: Kubelet, claims: ClaimDesk
) -> None:
    case = claims.visible_config()
    claim = claims.make(config=case)
    outcome = kubelet.prepared(claim)
    edits = bench.edits(outcome)
    assert all(shows(effect, edits) for effect in case.expect), f"{case.id!r} has no effect"

    bench.crash()
    again = kubelet.prepare(claim)

    assert again.ok, again.problem
    edits = bench.edits(again)
    assert all(shows(effect, edits) for effect in case.expect), f"{case.id!r} lost its effect"
