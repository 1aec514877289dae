"""What becomes of devices when pods end, or cannot start."""

from drawplate.conformance.alone import alone
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.covers import covers
from drawplate.conformance.problems import Inconclusive

# K pkg/kubelet/events/event.go
CANNOT_PREPARE = "FailedPrepareDynamicResources"


@covers("ALC-06")
@alone("driver")
def test_devices_serve_the_next_pod(cluster: Stage) -> None:
    need = cluster.widest_need()
    first = cluster.claim(need)
    cluster.running(first).delete_and_wait()

    left = cluster.surplus()
    assert not left, f"left by the first pod: {left}"
    assert first.becomes_free(), "the claim of the pod that is gone is still allocated"
    pod = cluster.pod(cluster.claim(need))
    assert pod.runs(), f"the next pod does not start: {pod.story()}"


@covers("FLT-24")
@alone("driver")
def test_claim_that_cannot_be_prepared_hinders_nobody(cluster: Stage) -> None:
    case = next(iter(cluster.profile.cases(valid=False)), None)
    if case is None:
        raise Inconclusive("the profile has no configs.cases that are not valid")
    waiting = cluster.pod(cluster.claim(cluster.widest_need(), config=case))

    told = waiting.event(CANNOT_PREPARE)
    assert told, f"no {CANNOT_PREPARE} event; {waiting.story()}"
    waiting.delete_and_wait()
    assert not cluster.surplus(), f"left by the pod that never ran: {cluster.surplus()}"
    following = cluster.pod(cluster.claim(cluster.widest_need()))
    assert following.runs(), f"the next pod does not start: {following.story()}"
