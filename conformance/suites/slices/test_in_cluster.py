"""ResourceSlices under a real kubelet."""

from drawplate.conformance.alone import alone
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.covers import covers


@covers("SLC-20")
@alone("node")
def test_slices_come_back_after_a_kubelet_restart(cluster: Stage) -> None:
    cluster.node.restart_kubelet()

    restored = cluster.driver.publishes()

    assert restored, f"published now: {cluster.driver.slices.content()}"
