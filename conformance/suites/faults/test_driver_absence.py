"""Pods whose driver is away for a while."""

from drawplate.conformance.alone import alone
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.covers import covers


@covers("FLT-04")
@alone("driver")
def test_pod_outlives_a_crash_of_its_driver(cluster: Stage) -> None:
    pod = cluster.running(cluster.claim())
    before, instances = pod.showing(), pod.instances()

    cluster.driver.restart()

    assert cluster.driver.registers(), cluster.driver.tail()
    assert pod.instances() == instances, "the pod did not run on"
    assert pod.restarts(), f"its container cannot restart: {pod.story()}"
    after = pod.shown()
    assert after == before, f"it showed {sorted(before)}, and now {sorted(after)}"


@covers("FLT-05")
@alone("driver")
def test_pod_deleted_without_a_driver_ends_when_it_is_back(cluster: Stage) -> None:
    need = cluster.widest_need()
    claim = cluster.claim(need)
    pod = cluster.running(claim)
    cluster.driver.kill()
    cluster.node.delete_in_vain(pod)

    cluster.driver.start()

    assert pod.gone(), f"the driver is back, but {pod.story()}"
    assert not cluster.surplus(), f"left behind: {cluster.surplus()}"
    assert claim.becomes_free(), "the claim is still allocated"
    following = cluster.pod(cluster.claim(need))
    assert following.runs(), f"the device is not free again: {following.story()}"


@covers("FLT-34")
@alone("driver")
def test_force_deleted_pod_is_unprepared(cluster: Stage) -> None:
    need = cluster.widest_need()
    claim = cluster.claim(need)
    uid, pod = claim.uid, cluster.running(claim)

    pod.delete(force=True)

    assert cluster.node.unprepares(uid), "the kubelet could not unprepare the claim"
    assert not cluster.surplus(), f"left behind: {cluster.surplus()}"
    assert claim.becomes_free(), "the claim is still allocated"
    following = cluster.pod(cluster.claim(need))
    assert following.runs(), f"the device is not free again: {following.story()}"
