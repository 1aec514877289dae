"""One claim, several users of it."""

from drawplate.conformance.alone import alone
from drawplate.conformance.cluster.stage import Part, Stage
from drawplate.conformance.covers import covers


@covers("S1")
@alone(devices=1)
def test_containers_share_a_claim(cluster: Stage) -> None:
    claim = cluster.claim()
    pod = cluster.pod(claim, containers={"one": [claim], "other": [claim]})

    assert pod.runs(), pod.story()
    expected = cluster.expected(claim)
    assert pod.shown("one") == expected, "the first container lacks the shared device"
    assert pod.shown("other") == expected, "the second container lacks the shared device"


@covers("S2")
@alone(devices=1)
def test_pods_share_a_claim_until_the_last_is_gone(cluster: Stage) -> None:
    claim = cluster.claim()
    first, second = cluster.pod(claim), cluster.pod(claim)
    assert first.runs(), first.story()
    assert second.runs(), second.story()
    expected = cluster.expected(claim)
    assert first.shown() == expected, "the first pod lacks the shared device"
    assert second.shown() == expected, "the second pod lacks the shared device"

    first.delete_and_wait()

    assert second.restarts(), f"after the other pod's end: {second.story()}"
    assert second.shown() == expected, "the device went with the other pod"


@covers("S4")
@alone(devices=2)
def test_container_has_the_devices_of_its_request_only(cluster: Stage) -> None:
    claim = cluster.claim("one", "one")
    parts = {name: [Part(claim, name)] for name in ("first", "second")}
    pod = cluster.pod(claim, containers=parts)

    assert pod.runs(), pod.story()
    for name in parts:
        shown, expected = pod.shown(name), cluster.expected(claim, name)
        assert shown == expected, f"request {name!r} shows {sorted(shown)}, not {sorted(expected)}"
