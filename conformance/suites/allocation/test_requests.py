"""Claims that ask in different ways, allocated by the real scheduler."""

from drawplate.conformance.covers import covers


@covers("ALC-03")
def test_pods_of_a_template_have_devices_of_their_own(cluster):
    template = cluster.template()
    pods = [cluster.pod(template), cluster.pod(template)]

    claims = []
    for pod in pods:
        assert pod.runs(), pod.story()
        claims.append(claim := cluster.claim_of(pod, template))
        assert pod.shown() == cluster.expected(claim), f"pod {pod.name} shows another device"

    first, second = claims
    assert first.name != second.name, "both pods have one claim"
    assert not first.devices() & second.devices(), "both claims have one device"


@covers("ALC-04")
def test_claim_for_all_devices_gives_all(cluster):
    claim = cluster.claim("all")

    pod = cluster.pod(claim)

    assert pod.runs(), pod.story()
    missing = cluster.published() - claim.devices()
    assert not missing, f"published but not allocated: {sorted(missing)}"
    shown, expected = pod.shown(), cluster.expected(claim)
    assert shown == expected, f"the container shows {sorted(shown)}, not {sorted(expected)}"


@covers("ALC-05")
def test_selector_gives_the_device_that_it_describes(cluster):
    wanted = cluster.rare_device()
    claim = cluster.claim(selector=wanted.selector)

    pod = cluster.pod(claim)

    assert pod.runs(), pod.story()
    assert claim.devices() == {(wanted.pool, wanted.device)}, f"allocated {claim.devices()}"
    shown, expected = pod.shown(), cluster.expected(claim)
    assert shown == expected, f"the container shows {sorted(shown)}, not {sorted(expected)}"
