"""Unprepare as a real kubelet asks for it."""

from drawplate.conformance.alone import alone
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.covers import covers


@covers("UNP-13")
@alone("driver")
def test_claim_of_an_earlier_instance_is_unprepared(cluster: Stage) -> None:
    pod = cluster.running(cluster.claim())
    cluster.driver.restart()
    assert cluster.driver.registers(), cluster.driver.tail()

    pod.delete()

    assert pod.gone(), f"the pod does not end: {pod.story()}"
    assert not cluster.surplus(), f"left behind: {cluster.surplus()}"
