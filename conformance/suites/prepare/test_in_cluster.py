"""Prepare as a real kubelet asks for it."""

from drawplate.conformance.covers import covers


@covers("PRE-25")
def test_pod_starts_again_after_a_reboot(cluster):
    claim = cluster.claim()
    pod = cluster.running(claim)
    expected, instances = cluster.expected(claim), pod.instances()

    cluster.reboot()

    assert cluster.driver.registers(), cluster.driver.tail()
    assert pod.runs(instead_of=instances), pod.story()
    assert pod.shown() == expected, "after the reboot it shows other devices"
