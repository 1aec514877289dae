"""Which containers of a pod have which devices."""

from drawplate.conformance.alone import alone
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.covers import covers


@covers("ALC-01")
@alone(devices=1)
def test_container_has_the_allocated_devices(cluster: Stage) -> None:
    claim = cluster.claim()

    pod = cluster.pod(claim)

    assert pod.runs(), pod.story()
    shown, expected = pod.shown(), cluster.expected(claim)
    assert shown == expected, f"the container shows {sorted(shown)}, not {sorted(expected)}"


@covers("ALC-02")
@alone(devices=2)
def test_container_has_no_device_of_claims_that_it_does_not_list(cluster: Stage) -> None:
    one, two = cluster.claim(), cluster.claim()
    pod = cluster.pod(one, two, containers={"one": [one], "two": [two], "idle": []})

    assert pod.runs(), pod.story()
    shown = pod.shown("idle")
    assert not shown, f"a container that lists no claim shows {sorted(shown)}"
    both = pod.shown("one") & pod.shown("two")
    assert not both, f"both containers show {sorted(both)}, and each lists another claim"


@covers("ALC-07")
@alone(devices=1)
def test_init_container_has_the_devices_too(cluster: Stage) -> None:
    claim = cluster.claim()
    pod = cluster.pod(claim, init={"setup": [claim]}, containers={"main": [claim]})

    assert pod.runs(), pod.story()
    expected = cluster.expected(claim)
    assert pod.shown("setup") == expected, "the init container does not show the devices"
    assert pod.shown("main") == expected, "the container after it does not show them"
