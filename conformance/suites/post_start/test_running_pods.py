"""What can change for a pod that runs, and what must not."""

from drawplate.conformance.covers import covers


@covers("P1")
def test_later_pod_joins_the_claim_of_a_running_pod(cluster):
    claim = cluster.claim()
    early = cluster.running(claim)
    expected = cluster.expected(claim)

    late = cluster.pod(claim)

    assert late.runs(), late.story()
    assert late.shown() == expected, "the later pod shows other devices"
    assert early.restarts(), f"after the other pod joined: {early.story()}"
    assert early.shown() == expected, "the first pod lost its devices"


@covers("P2")
def test_restarted_container_has_the_same_devices(cluster):
    claim = cluster.claim()
    pod = cluster.running(claim)
    before = pod.shown()

    assert pod.restarts(), pod.story()
    after = pod.shown()
    assert after == before == cluster.expected(claim), f"{sorted(before)}, then {sorted(after)}"


@covers("P4")
def test_pod_joins_after_a_kubelet_restart(cluster):
    claim = cluster.claim()
    early = cluster.running(claim)
    expected = cluster.expected(claim)
    cluster.restart_kubelet()
    assert cluster.driver.registers(), cluster.driver.tail()

    late = cluster.pod(claim)

    assert late.runs(), late.story()
    assert late.shown() == expected, "the later pod shows other devices"
    assert early.restarts(), f"after the claim was prepared again: {early.story()}"
    assert early.shown() == expected, "the first pod lost its devices"


@covers("P6")
def test_plugged_device_lets_a_pending_pod_start(cluster):
    cluster.unplug()
    cluster.running(cluster.claim("all"))
    claim = cluster.claim()
    pending = cluster.pod(claim)
    cluster.require_no_room(pending)

    cluster.driver.pull("replug")

    assert pending.runs(), f"the device was plugged in, but {pending.story()}"
    assert pending.shown() == cluster.expected(claim)
