"""Network-attached devices: several nodes reach them, at a time and one after another."""

from drawplate.conformance.alone import alone
from drawplate.conformance.cluster.reach import share
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.covers import covers
from drawplate.conformance.problems import Inconclusive


@covers("NOD-11")
@alone("cluster")
def test_pods_on_several_nodes_use_one_claim(cluster: Stage) -> None:
    shared = share(cluster)
    expected = shared.home.expected(shared.claim)
    pods = [cluster.pod(shared.claim, on=[node]) for node in shared.others]

    assert shared.first.runs(), f"on {shared.home.name}: {shared.first.story()}"
    for node, pod in zip(shared.others, pods, strict=True):
        assert pod.runs(), f"on {node.name}, while another uses the claim: {pod.story()}"
    for pod in (shared.first, *pods):
        shown = pod.shown()
        assert shown == expected, f"on {pod.node} it shows {sorted(shown)}, not {sorted(expected)}"


@covers("NOD-12")
@alone("cluster")
def test_end_of_use_on_one_node_is_none_on_others(cluster: Stage) -> None:
    shared = share(cluster)
    claim, left = shared.claim, shared.home
    uid, expected = claim.uid, left.expected(claim)
    shared.first.running()
    pods = [cluster.running(claim, on=[node]) for node in shared.others]

    shared.first.delete_and_wait()

    assert left.unprepares(uid), f"{left.name} still holds the claim"
    assert not left.surplus(), f"left on {left.name}: {left.surplus()}"
    for pod in pods:
        assert pod.restarts(), f"on {pod.node} its container cannot restart: {pod.story()}"
        shown = pod.shown()
        assert shown == expected, f"on {pod.node} it shows {sorted(shown)}, not {sorted(expected)}"
    back = cluster.pod(claim, on=[left])
    assert back.runs(), f"the claim cannot come back to {left.name}: {back.story()}"
    for pod in (back, *pods):
        pod.delete()
    for pod in (back, *pods):
        assert pod.gone(), f"the pod does not end: {pod.story()}"
    for node in (left, *shared.others):
        assert not node.surplus(), f"left on {node.name}: {node.surplus()}"
    assert claim.becomes_free(), "the claim is still allocated"


@covers("NOD-13")
@alone("cluster")
def test_devices_serve_one_node_after_another(cluster: Stage) -> None:
    reached = [node for node in cluster.nodes if node.offered()]
    if len(reached) < 2:
        raise Inconclusive(f"devices are published for {len(reached)} of the nodes")

    for node in reached:
        claim = cluster.claim(cluster.widest_need())
        pod = cluster.pod(claim, on=[node])
        assert pod.runs(), f"on {node.name}: {pod.story()}"
        shown, expected = pod.shown(), node.expected(claim)
        assert shown == expected, f"on {node.name} it shows {sorted(shown)}, not {sorted(expected)}"
        pod.delete()
        assert pod.gone(), f"the pod on {node.name} does not end: {pod.story()}"
        assert claim.becomes_free(), "the claim is still allocated"
        assert not node.surplus(), f"left on {node.name}: {node.surplus()}"
