"""The driver's calls while the API server cannot be reached by it."""

from drawplate.conformance.bench.claim_desk import Claim
from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.stage import Stage
from drawplate.conformance.covers import covers


@covers("FLT-36")
def test_unprepare_needs_no_api_server(bench: Stage, kubelet: Kubelet, claim: Claim) -> None:
    before = kubelet.cdi.snapshot()
    kubelet.prepared(claim)
    bench.link.cut()

    outcome = kubelet.unprepare(claim)

    assert outcome.ok or outcome.breaks("missing-uid"), outcome.problem
    left = bench.surplus(before)
    assert not left, f"left behind: {left}"


@covers("FLT-35")
def test_prepare_gives_up_in_time_and_recovers(
    bench: Stage, kubelet: Kubelet, claim: Claim
) -> None:
    bench.link.cut()
    during = kubelet.prepare(claim)
    bench.link.mend()
    bench.ready()
    after = bench.eventually_prepared(claim)

    # A driver that knows the claim from a cache may well succeed without the API server.
    assert during.status != "DEADLINE_EXCEEDED", "no answer within the kubelet's 45 s"
    assert after.ok, f"after the outage: {after.problem}"
