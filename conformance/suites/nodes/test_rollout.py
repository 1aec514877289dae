"""The driver replaced on all nodes, one after another, as an update does."""

from drawplate.conformance.alone import alone
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.covers import covers


@covers("NOD-08")
@alone("cluster")
def test_pods_outlive_an_update_of_the_driver(cluster: Stage) -> None:
    pods = [cluster.running(cluster.claim(), on=[node]) for node in cluster.nodes]
    before = [(pod.showing(), pod.instances()) for pod in pods]

    cluster.roll()

    for node, pod, (shown, instances) in zip(cluster.nodes, pods, before, strict=True):
        assert node.driver.registers(), f"on {node.name}: {node.driver.tail()}"
        assert pod.instances() == instances, f"the pod on {node.name} did not run on"
        assert pod.restarts(), f"on {node.name} its container cannot restart: {pod.story()}"
        after = pod.shown()
        assert after == shown, f"it showed {sorted(shown)}, and now {sorted(after)}"
        new = cluster.pod(cluster.claim(), on=[node])
        assert new.runs(), f"a new pod on {node.name} does not start: {new.story()}"
        for each in (pod, new):
            each.delete()
            assert each.gone(), f"the pod on {node.name} does not end: {each.story()}"
        assert not node.surplus(), f"left on {node.name}: {node.surplus()}"


@covers("NOD-09")
@alone("cluster")
def test_slices_outlive_an_update_of_the_driver(cluster: Stage) -> None:
    before = {node.name: node.slice_uids() for node in cluster.nodes}

    cluster.roll()

    for node in cluster.nodes:
        assert node.driver.registers(), f"on {node.name}: {node.driver.tail()}"
        assert node.driver.publishes(), f"on {node.name}: {sorted(node.offered())}"
        gone = before[node.name] - node.slice_uids()
        assert not gone, f"{len(gone)} slices of {node.name} were deleted meanwhile"
