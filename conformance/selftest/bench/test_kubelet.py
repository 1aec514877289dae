"""Calls: one RPC each, judged by the kubelet's rules, and every fault of an answer is data."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest

from drawplate.conformance.bench.claims import ClaimRef
from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.problems import Inconclusive
from drawplate.conformance.selftest.bench.scripted import (
    NAME,
    Answer,
    ScriptedDriver,
    claim_object,
    device,
    good,
)

ONE = ClaimRef("ns", "uid-1", "one")
TWO = ClaimRef("ns", "uid-2", "two")


def test_a_good_answer_is_ok_and_complete(kubelet: Kubelet, serving: ScriptedDriver) -> None:
    outcome = kubelet.prepare(claim_object())
    assert outcome.ok
    assert outcome.violations == ()
    assert outcome.names == ("gpu-0",)
    assert outcome.cdi_ids() == (f"{NAME}/gpu=uid-1",)
    assert kubelet.prepare(claim_object()) == outcome
    assert kubelet.unprepare(claim_object()).ok


def test_several_claims_are_one_call_in_the_given_order(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    outcomes = kubelet.prepare(TWO, ONE)
    assert set(outcomes) == {"uid-1", "uid-2"}
    assert serving.requests == [("v1", "NodePrepareResources", ("uid-2", "uid-1"))]


def test_an_answer_without_an_asked_uid_is_a_fatal_violation(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    serving.prepare = lambda claims: good(claims[:1])
    outcomes = kubelet.prepare(ONE, TWO)
    assert outcomes["uid-1"].ok
    assert [one.rule for one in outcomes["uid-2"].violations] == ["missing-uid"]
    assert not outcomes["uid-2"].ok
    assert "uid-2" in outcomes["uid-2"].problem


def test_an_answer_with_an_unknown_uid_fails_every_claim(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    serving.prepare = lambda claims: good(claims) | {"stranger": {}}
    outcomes = kubelet.prepare(ONE, TWO)
    assert [one.breaks("unknown-uid")[0].fatal for one in outcomes.values()] == [True, True]
    serving.unprepare = lambda _: {"uid-1": {}, "stranger": {}}
    assert not kubelet.unprepare(ONE).ok


def test_the_error_of_one_claim_leaves_the_other_and_hides_devices(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    def half(claims: Sequence[Any]) -> Answer:
        answer = good(claims)
        answer["uid-1"]["error"] = "no such thing"
        return answer

    serving.prepare = half
    outcomes = kubelet.prepare(ONE, TWO)
    assert outcomes["uid-1"].error == "no such thing"
    assert outcomes["uid-1"].devices == ()
    assert outcomes["uid-2"].ok


@pytest.mark.parametrize(
    ("devices", "rule", "fatal"),
    [
        ([device("gpu-0", "not-qualified")], "malformed-cdi-id", True),
        ([device("gpu-0", "x/y=")], "malformed-cdi-id", True),
        ([device("gpu-0", "x/y=a", "x/y=a")], "repeated-cdi-id", False),
        ([device("gpu-0", "x/y=a", pool="")], "no-pool", False),
        ([device("gpu-9", "x/y=a")], "not-allocated", False),
        ([device("gpu-0", "x/y=a", requests=["other"])], "unknown-request", False),
        ([], "not-answered", False),
    ],
)
def test_a_faulty_device_is_named(
    kubelet: Kubelet, serving: ScriptedDriver, devices: list[Any], rule: str, *, fatal: bool
) -> None:
    serving.prepare = lambda _: {"uid-1": {"devices": devices}}
    outcome = kubelet.prepare(claim_object())
    assert outcome.breaks(rule)
    assert outcome.ok is not fatal


def test_the_share_of_an_allocation_must_come_back(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    claim = claim_object()
    claim["status"]["allocation"]["devices"]["results"][0]["shareID"] = "share-1"
    assert kubelet.prepare(claim).breaks("no-share-id")
    serving.prepare = lambda _: {"uid-1": {"devices": [device("gpu-0") | {"share_id": "share-1"}]}}
    assert kubelet.prepare(claim).violations == ()


def test_a_grpc_error_becomes_the_status(kubelet: Kubelet, serving: ScriptedDriver) -> None:
    def fail(_: Sequence[Any]) -> Answer:
        raise RuntimeError("broken")

    serving.prepare = fail
    outcome = kubelet.prepare(ONE)
    assert outcome.status == "UNKNOWN"
    assert "broken" in outcome.details
    with pytest.raises(Inconclusive, match="broken"):
        kubelet.prepared(ONE)


def test_a_driver_that_went_away_is_unavailable(kubelet: Kubelet, serving: ScriptedDriver) -> None:
    assert kubelet.prepare(ONE).ok
    serving._servers[0].stop(None).wait()
    assert kubelet.prepare(ONE, deadline=5).status == "UNAVAILABLE"


def test_a_slow_call_ends_at_its_deadline(kubelet: Kubelet, serving: ScriptedDriver) -> None:
    def slow(claims: Sequence[Any]) -> Answer:
        serving.release.wait(10)
        return good(claims)

    serving.prepare = slow
    outcome = kubelet.prepare(ONE, deadline=0.2)
    assert outcome.status == "DEADLINE_EXCEEDED"
    assert 0.1 < outcome.seconds < 5


def test_calls_in_the_background_overlap_and_can_be_cancelled(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    both = threading.Barrier(2, timeout=10)

    def meet(claims: Sequence[Any]) -> Answer:
        both.wait()
        serving.release.wait(10)
        return good(claims)

    serving.prepare = meet
    kept, cancelled = kubelet.begin_prepare(ONE), kubelet.begin_prepare(ONE)
    assert not kept.done
    time.sleep(0.1)
    cancelled.cancel()
    assert cancelled.result(5).status == "CANCELLED"
    serving.release.set()
    assert kept.result(5).ok
    first, second = kubelet.log.select(method="NodePrepareResources")
    assert first.overlaps(second)


def test_the_version_can_be_forced_for_one_call_and_for_all(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    assert kubelet.call("NodePrepareResources", [ONE], version="v1beta1").status == "OK"
    kubelet.force_version = "v1beta1"
    assert kubelet.unprepare(ONE).ok
    assert [version for version, _, _ in serving.requests] == ["v1beta1", "v1beta1"]


def test_raw_calls_pass_on_anything(kubelet: Kubelet, serving: ScriptedDriver) -> None:
    assert kubelet.call("NodePrepareResources", []).status == "OK"
    assert serving.requests[-1][2] == ()
    path = "/k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin/NodePrepareResources"
    # Field 9 is unknown to everybody: a proto3 reader passes over it.
    assert kubelet.call_bytes(path, b"\x4a\x03abc").status == "OK"
    assert kubelet.call_bytes(path, b"\x0a\xff").status != "OK"
    assert kubelet.call_bytes("/no.Such/Method", b"").status == "UNIMPLEMENTED"


def test_which_driver_to_call_must_be_clear(kubelet: Kubelet) -> None:
    kubelet.driver = ""
    with pytest.raises(Inconclusive, match="not clear"):
        kubelet.prepare(ONE)
    assert kubelet.prepare(claim_object()).status == "UNREGISTERED"
