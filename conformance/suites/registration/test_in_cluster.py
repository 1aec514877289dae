"""Registration with a real kubelet."""

from drawplate.conformance.alone import alone
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.covers import covers


@covers("REG-13")
@alone("node")
def test_driver_serves_a_restarted_kubelet(cluster: Stage) -> None:
    cluster.node.restart_kubelet()

    assert cluster.driver.registers(), f"not registered again: {cluster.driver.tail()}"
    cluster.require_published()
    pod = cluster.pod(cluster.claim())
    assert pod.runs(), f"a new pod does not start: {pod.story()}"
