"""What can change for a pod that runs, and what must not."""

from drawplate.conformance.alone import alone
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.covers import covers


@covers("P1")
@alone(devices=1)
def test_later_pod_joins_the_claim_of_a_running_pod(cluster: Stage) -> None:
    claim = cluster.claim()
    early = cluster.running(claim)
    before = early.showing()
    cluster.let_time_pass()

    late = cluster.pod(claim)

    assert late.runs(), late.story()
    assert late.shown() == before, f"the later pod shows {sorted(late.shown())}"
    assert early.restarts(), f"after the other pod joined: {early.story()}"
    assert early.shown() == before, f"the first pod now shows {sorted(early.shown())}"


@covers("P2")
@alone(devices=1)
def test_restarted_container_has_the_same_devices(cluster: Stage) -> None:
    pod = cluster.running(cluster.claim())
    before = pod.showing()
    cluster.let_time_pass()

    assert pod.restarts(), pod.story()
    after = pod.shown()
    assert after == before, f"it showed {sorted(before)}, and now {sorted(after)}"


@covers("P4")
@alone("node")
def test_pod_joins_after_a_kubelet_restart(cluster: Stage) -> None:
    claim = cluster.claim()
    early = cluster.running(claim)
    before = early.showing()
    cluster.node.restart_kubelet()
    assert cluster.driver.registers(), cluster.driver.tail()

    late = cluster.pod(claim)

    assert late.runs(), late.story()
    assert late.shown() == before, f"the later pod shows {sorted(late.shown())}"
    assert early.restarts(), f"after the claim was prepared again: {early.story()}"
    assert early.shown() == before, f"the first pod now shows {sorted(early.shown())}"


@covers("P6")
@alone("driver")
def test_plugged_device_lets_a_pending_pod_start(cluster: Stage) -> None:
    cluster.unplug()
    cluster.running(cluster.claim("all"))
    pending = cluster.pod(cluster.claim())
    cluster.require_no_room(pending)

    cluster.driver.pull("replug")

    assert pending.runs(), f"the device was plugged in, but {pending.story()}"
