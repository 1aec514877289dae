"""Prepare as a real kubelet asks for it."""

from drawplate.conformance.alone import alone
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.covers import covers


@covers("PRE-25")
@alone("node")
def test_pod_starts_again_after_a_reboot(cluster: Stage) -> None:
    pod = cluster.running(cluster.claim())
    before, instances = pod.showing(), pod.instances()

    cluster.node.reboot()

    assert cluster.driver.registers(), cluster.driver.tail()
    assert pod.runs(instead_of=instances), f"the pod does not start again: {pod.story()}"
    after = pod.shown()
    assert after == before, f"it showed {sorted(before)}, and now {sorted(after)}"
