"""The kubelet's bookkeeping: which claims of a pod lead to a call, and which do not."""

import threading
from collections.abc import Sequence
from typing import Any

from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.pods import PodClaims
from drawplate.conformance.selftest.bench.scripted import (
    NAME,
    Answer,
    ScriptedDriver,
    claim_object,
    done,
    good,
)

PREPARE, UNPREPARE = "NodePrepareResources", "NodeUnprepareResources"


def pod(uid: str, *claims: dict[str, Any]) -> PodClaims:
    return PodClaims.of({"uid": uid, "name": uid, "namespace": "ns"}, *claims)


def test_all_claims_of_a_pod_are_one_call(kubelet: Kubelet, serving: ScriptedDriver) -> None:
    claims = [claim_object(f"c{n}", f"uid-{n}", pods=["a"]) for n in (2, 1)]
    assert kubelet.pods.sync_pod(pod("a", *claims)).ok
    assert serving.requests == [("v1", PREPARE, ("uid-2", "uid-1"))]
    assert kubelet.pods.remove_pod(pod("a", *claims)).ok
    assert serving.requests[1:] == [("v1", UNPREPARE, ("uid-2", "uid-1"))]


def test_a_second_pod_on_a_prepared_claim_makes_no_call(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    claim = claim_object(pods=["a", "b"])
    kubelet.pods.sync_pod(pod("a", claim))
    second = kubelet.pods.sync_pod(pod("b", claim))
    assert second.ok
    assert second.outcomes == ()
    assert kubelet.pods.cdi_ids(claim) == (f"{NAME}/gpu=uid-1",)
    kubelet.pods.remove_pod(pod("a", claim))
    assert [method for _, method, _ in serving.requests] == [PREPARE]
    kubelet.pods.remove_pod(pod("b", claim))
    assert [method for _, method, _ in serving.requests] == [PREPARE, UNPREPARE]


def test_after_a_restart_the_next_pod_prepares_again(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    claim = claim_object(pods=["a", "b"])
    kubelet.pods.sync_pod(pod("a", claim))
    kubelet.restart()
    kubelet.registered(budget=10)
    kubelet.pods.sync_pod(pod("b", claim))
    assert [method for _, method, _ in serving.requests] == [PREPARE, PREPARE]
    kubelet.pods.remove_pod(pod("a", claim))
    assert len(serving.requests) == 2


def test_a_pod_needs_its_reservation_and_an_allocation(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    assert "not allowed" in kubelet.pods.sync_pod(pod("a", claim_object())).error
    claim = claim_object(pods=["a"])
    claim["status"]["allocation"] = None
    assert "not allocated" in kubelet.pods.sync_pod(pod("a", claim)).error
    assert serving.requests == []


def test_a_driver_must_be_registered_even_for_a_prepared_claim(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    claim = claim_object(pods=["a", "b"])
    kubelet.pods.sync_pod(pod("a", claim))
    serving.stop()
    assert kubelet.registry.wait(lambda: not kubelet.registry.registrations, 10)
    assert "not registered" in kubelet.pods.sync_pod(pod("b", claim)).error
    assert "not registered" in kubelet.pods.remove_pod(pod("a", claim)).error


def test_an_old_claim_of_the_same_name_stops_a_new_one(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    kubelet.pods.sync_pod(pod("a", claim_object(pods=["a"])))
    renewed = claim_object(uid="uid-9", pods=["b"])
    assert "another UID" in kubelet.pods.sync_pod(pod("b", renewed)).error


def test_a_failed_claim_is_prepared_again_with_the_whole_pod(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    claims = [claim_object(f"c{n}", f"uid-{n}", pods=["a"]) for n in (1, 2)]
    serving.prepare = lambda asked: good(asked) | {"uid-2": {"error": "not yet"}}
    assert "not yet" in kubelet.pods.sync_pod(pod("a", *claims)).error
    serving.prepare = good
    assert kubelet.pods.sync_pod(pod("a", *claims)).ok
    assert [uids for _, _, uids in serving.requests] == [("uid-1", "uid-2")] * 2


def test_while_a_claim_is_unprepared_no_pod_can_join(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    claim = claim_object(pods=["a", "b"])
    kubelet.pods.sync_pod(pod("a", claim))
    inside = threading.Event()

    def slow(asked: Sequence[Any]) -> Answer:
        inside.set()
        serving.release.wait(10)
        return done(asked)

    serving.unprepare = slow
    removal = threading.Thread(target=kubelet.pods.remove_pod, args=(pod("a", claim),))
    removal.start()
    assert inside.wait(10)
    assert "being unprepared" in kubelet.pods.sync_pod(pod("b", claim)).error
    serving.release.set()
    removal.join()
    assert kubelet.pods.sync_pod(pod("b", claim)).ok


def test_a_failed_unprepare_is_repeated_until_it_succeeds(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    claim = claim_object(pods=["a"])
    kubelet.pods.sync_pod(pod("a", claim))
    serving.unprepare = lambda _: {"uid-1": {"error": "busy"}}
    assert "busy" in kubelet.pods.remove_pod(pod("a", claim)).error
    serving.unprepare = done
    assert kubelet.pods.remove_pod(pod("a", claim)).ok
    assert kubelet.pods.remove_pod(pod("a", claim)).ok
    assert [method for _, method, _ in serving.requests] == [PREPARE, UNPREPARE, UNPREPARE]


def test_a_lost_checkpoint_means_no_unprepare(kubelet: Kubelet, serving: ScriptedDriver) -> None:
    claim = claim_object(pods=["a"])
    kubelet.pods.sync_pod(pod("a", claim))
    kubelet.pods.lose_checkpoint()
    assert kubelet.pods.remove_pod(pod("a", claim)).ok
    assert len(serving.requests) == 1


def test_operations_that_a_driver_skips_are_not_called(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    claim = claim_object(pods=["a"])
    result = claim["status"]["allocation"]["devices"]["results"][0]
    result["skipNodeOperations"] = ["NodePrepareResources"]
    assert kubelet.pods.sync_pod(pod("a", claim)).ok
    assert kubelet.pods.remove_pod(pod("a", claim)).ok
    assert [method for _, method, _ in serving.requests] == [UNPREPARE]


def test_the_claim_is_read_afresh_when_a_reader_is_given(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    kubelet.pods._read = lambda _namespace, _name: claim_object(pods=["a"])
    assert kubelet.pods.sync_pod(pod("a", claim_object())).ok


def test_the_same_claim_twice_in_a_pod_is_in_the_request_twice(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    claim = claim_object(pods=["a"])
    assert "not in the reply" in kubelet.pods.sync_pod(pod("a", claim, claim)).error
    assert serving.requests == [("v1", PREPARE, ("uid-1", "uid-1"))]
