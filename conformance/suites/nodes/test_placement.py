"""Whose devices a pod gets when several nodes have some."""

from collections import Counter

from drawplate.conformance.alone import alone
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.covers import covers


@covers("NOD-01")
@alone("cluster")
def test_pods_have_devices_of_their_own_nodes(cluster: Stage) -> None:
    nodes = cluster.nodes
    claims = [cluster.claim(cluster.widest_need()) for _ in nodes]
    pods = [cluster.pod(claim, on=[node]) for node, claim in zip(nodes, claims, strict=True)]

    seen = Counter[str]()
    for node, claim, pod in zip(nodes, claims, pods, strict=True):
        assert pod.runs(), f"on {node.name}: {pod.story()}"
        foreign = claim.devices() - node.published()
        assert not foreign, f"{node.name} was given {sorted(foreign)}, which it does not publish"
        shown, expected = pod.shown(), node.expected(claim)
        assert shown == expected, f"on {node.name} it shows {sorted(shown)}, not {sorted(expected)}"
        seen.update(shown)
    if cluster.shows_attributes():
        shared = [name for name, times in seen.items() if times > 1]
        assert not shared, f"containers on different nodes show the same {sorted(shared)}"


@covers("NOD-02")
@alone("cluster")
def test_pools_of_nodes_have_different_names(cluster: Stage) -> None:
    pools = Counter(name for node in cluster.nodes for name in node.driver.slices.content())

    shared = [name for name, nodes in pools.items() if nodes > 1]
    assert pools, "the driver publishes no pool"
    assert not shared, f"pools of several nodes: {sorted(shared)}"


@covers("NOD-03")
@alone("cluster")
def test_devices_are_published_for_one_node(cluster: Stage) -> None:
    for node in cluster.nodes:
        slices = node.driver.slices.current()
        without = [one["metadata"]["name"] for one in slices if "nodeName" not in one["spec"]]
        assert slices, f"no slice is for {node.name}"
        assert not without, f"can be used on {node.name}, and elsewhere: {without}"
    node = cluster.nodes[1]
    claim = cluster.claim()
    cluster.running(claim, on=[node])
    assert claim.node_names() == {node.name}, f"allocated for {claim.node_names() or 'all nodes'}"


@covers("NOD-05")
@alone("cluster")
def test_claim_leaves_traces_on_its_own_node_only(cluster: Stage) -> None:
    own, *others = cluster.nodes
    claim = cluster.claim()
    cluster.running(claim, on=[own])

    cluster.let_time_pass()

    assert own.holds(claim), f"the kubelet of {own.name} does not know the claim"
    for node in others:
        assert not node.holds(claim), f"the kubelet of {node.name} was to prepare it too"
        assert not node.surplus(), f"new on {node.name}: {node.surplus()}"
