"""Claims that ask in different ways, allocated by the real scheduler."""

from drawplate.conformance.alone import alone
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.covers import covers


@covers("ALC-03")
@alone(devices=2)
def test_pods_of_a_template_have_devices_of_their_own(cluster: Stage) -> None:
    template = cluster.template()
    first, second = cluster.pod(template), cluster.pod(template)

    assert first.runs(), first.story()
    assert second.runs(), second.story()
    claims = {cluster.claim_of(pod, template).name for pod in (first, second)}
    assert len(claims) == 2, f"both pods have the claim {claims}"
    both = first.showing() & second.showing()
    assert not both, f"both pods show {sorted(both)}"


@covers("ALC-04")
@alone(devices="all")
def test_claim_for_all_devices_gives_all(cluster: Stage) -> None:
    claim = cluster.claim("all")

    pod = cluster.pod(claim)

    assert pod.runs(), pod.story()
    missing = cluster.published() - claim.devices()
    assert not missing, f"published but not allocated: {sorted(missing)}"
    shown, expected = pod.shown(), cluster.expected(claim)
    assert shown == expected, f"the container shows {sorted(shown)}, not {sorted(expected)}"


@covers("ALC-05")
@alone(devices="all")
def test_selector_gives_the_device_that_it_describes(cluster: Stage) -> None:
    wanted = cluster.rare_device()
    claim = cluster.claim(selector=wanted.selector)

    pod = cluster.pod(claim)

    assert pod.runs(), pod.story()
    assert claim.devices() == {(wanted.pool, wanted.device)}, f"allocated {claim.devices()}"
    shown, expected = pod.shown(), cluster.expected(claim)
    assert shown == expected, f"the container shows {sorted(shown)}, not {sorted(expected)}"
