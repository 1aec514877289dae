"""Which containers of a pod have which devices."""

from drawplate.conformance.covers import covers


@covers("ALC-01")
def test_container_has_the_allocated_devices(cluster):
    claim = cluster.claim()

    pod = cluster.pod(claim)

    assert pod.runs(), pod.story()
    shown, expected = pod.shown(), cluster.expected(claim)
    assert shown == expected, f"the container shows {sorted(shown)}, not {sorted(expected)}"


@covers("ALC-02")
def test_container_without_the_claim_has_no_device(cluster):
    claim = cluster.claim()
    pod = cluster.pod(claim, containers={"user": [claim], "neighbour": []})

    assert pod.runs(), pod.story()
    assert pod.shown("user") == cluster.expected(claim), "the container that lists it lacks it"
    shown = pod.shown("neighbour")
    assert not shown, f"a container that does not list the claim shows {sorted(shown)}"


@covers("ALC-07")
def test_init_container_has_the_devices_too(cluster):
    claim = cluster.claim()
    pod = cluster.pod(claim, init={"setup": [claim]}, containers={"main": [claim]})

    assert pod.runs(), pod.story()
    expected = cluster.expected(claim)
    assert pod.shown("setup") == expected, "the init container does not show the devices"
    assert pod.shown("main") == expected, "the container after it does not show them"
