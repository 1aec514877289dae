"""Registration over the life of kubelet and driver."""

from pathlib import Path

import pytest

from drawplate.conformance.bench.claim_desk import Claim
from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.stage import Stage
from drawplate.conformance.covers import covers
from drawplate.conformance.problems import Inconclusive


@covers("REG-10")
def test_notification_is_answered(bench: Stage) -> None:
    bench.greeted()
    told = [one.reason for one in bench.kubelet.registry.refusals if one.step == "notify"]

    assert not told, f"NotifyRegistrationStatus was not answered: {told}"
    bench.ready()


@pytest.mark.fresh
@covers("REG-11")
def test_refused_driver_goes_on_serving(bench: Stage, kubelet: Kubelet) -> None:
    socket = kubelet.registered().socket

    bench.notify_refusal(socket, "a refusal of the conformance suite")
    kubelet.restart()
    if not bench.driver.alive:
        # To end is one way to take a refusal: whoever runs the driver starts it again.
        bench.driver.start()
    again = kubelet.registry.registration(bench.profile.driver.name, within=bench.budget)

    assert again, f"not registered again: {bench.refusals()}"


@covers("REG-12")
def test_killed_driver_replaces_its_sockets(bench: Stage, kubelet: Kubelet) -> None:
    before = kubelet.registered()

    bench.driver.kill()
    if not Path(before.socket).exists():
        raise Inconclusive("the kill left no stale socket behind")
    kubelet.stop()
    bench.driver.start()
    kubelet.restart()
    again = kubelet.registry.registration(before.name, within=bench.budget)

    assert again, f"not registered again: {bench.refusals()}"


@covers("REG-12b")
def test_clean_stop_removes_the_registration_socket(bench: Stage, kubelet: Kubelet) -> None:
    socket = Path(kubelet.registered().socket)

    code = bench.driver.stop()

    assert not socket.exists(), f"{socket.name} is still there after an exit with {code}"


@covers("REG-13")
def test_kubelet_restart_needs_nothing_of_the_driver(
    bench: Stage, kubelet: Kubelet, claim: Claim
) -> None:
    kubelet.prepared(claim)

    kubelet.restart()
    again = kubelet.registry.registration(bench.profile.driver.name, within=bench.budget)

    assert again, f"not registered after a kubelet restart: {bench.refusals()}"
    outcome = kubelet.prepare(claim)
    assert outcome.ok, outcome.problem
