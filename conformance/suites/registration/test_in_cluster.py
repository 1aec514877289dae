"""Registration with a real kubelet."""

from drawplate.conformance.covers import covers


@covers("REG-13")
def test_driver_serves_a_restarted_kubelet(cluster):
    cluster.restart_kubelet()

    assert cluster.driver.registers(), f"not registered again: {cluster.driver.tail()}"
    claim = cluster.claim()
    pod = cluster.pod(claim)
    assert pod.runs(), pod.story()
    assert pod.shown() == cluster.expected(claim)
