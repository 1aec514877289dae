"""Nodes without the driver, nodes that are lost for a while, and nodes that are drained."""

from drawplate.conformance.alone import alone
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.covers import covers


@covers("NOD-04")
@alone("cluster")
def test_node_without_the_driver_offers_nothing(cluster: Stage) -> None:
    bare, *others = cluster.nodes
    bare.driver.stop()

    assert bare.offers_nothing(), f"still offered on {bare.name}: {sorted(bare.offered())}"
    waiting = cluster.pod(cluster.claim(), on=[bare])
    free = cluster.pod(cluster.claim(), on=cluster.nodes)
    assert free.runs(), f"there are devices on {len(others)} more nodes: {free.story()}"
    assert free.node != bare.name, f"it was sent to {bare.name}, where nobody can prepare its claim"
    assert waiting.unschedulable(), waiting.story()
    bare.driver.start()
    assert bare.driver.registers(), bare.driver.tail()
    assert waiting.runs(), f"the driver is back on {bare.name}, but {waiting.story()}"


@covers("NOD-06")
@alone("cluster")
def test_pod_outlives_the_loss_of_its_node(cluster: Stage) -> None:
    node = cluster.expendable_node()
    claim = cluster.claim()
    pod = cluster.running(claim, on=[node])
    before, instances, devices = pod.showing(), pod.instances(), claim.devices()

    node.lose()
    assert claim.devices() == devices, f"meanwhile the claim was given {claim.devices()}"
    node.come_back()

    assert node.driver.registers(), node.driver.tail()
    assert node.driver.publishes(), f"published now: {sorted(node.offered())}"
    assert pod.instances() == instances, f"the pod did not run on: {pod.story()}"
    following = cluster.claim()
    next_pod = cluster.pod(following, on=[node])
    assert next_pod.runs(), f"a new pod does not start: {next_pod.story()}"
    both = following.devices() & devices
    assert not both, f"given to two pods: {sorted(both)}"
    assert pod.restarts(), f"its container cannot restart: {pod.story()}"
    after = pod.shown()
    assert after == before, f"it showed {sorted(before)}, and now {sorted(after)}"
    pod.delete()
    next_pod.delete()
    assert pod.gone(), f"the pod does not end: {pod.story()}"
    assert next_pod.gone(), f"the pod does not end: {next_pod.story()}"
    assert not node.surplus(), f"left behind: {node.surplus()}"
    assert claim.becomes_free(), "the claim is still allocated"


@covers("NOD-07")
@alone("cluster")
def test_pod_of_a_drained_node_runs_elsewhere(cluster: Stage) -> None:
    template = cluster.template()
    replicas = cluster.replicas(template, on=cluster.nodes)
    old = replicas.pod().running()
    drained, first = cluster.node_of(old), cluster.claim_of(old, template)
    uid = first.uid

    drained.cordon()
    old.evict()
    new = replicas.pod(instead_of=old)

    assert new.runs(), f"the pod does not start anew: {new.story()}"
    node, second = cluster.node_of(new), cluster.claim_of(new, template)
    assert node.name != drained.name, "the pod came back to the drained node"
    foreign = second.devices() - node.published()
    assert not foreign, f"{node.name} was given {sorted(foreign)}, which it does not publish"
    shown, expected = new.shown(), node.expected(second)
    assert shown == expected, f"on {node.name} it shows {sorted(shown)}, not {sorted(expected)}"
    assert old.gone(), f"the evicted pod does not end: {old.story()}"
    assert drained.unprepares(uid), f"{drained.name} still holds the claim"
    assert not drained.surplus(), f"left on {drained.name}: {drained.surplus()}"
    assert first.becomes_free(), "the old claim is still allocated"
