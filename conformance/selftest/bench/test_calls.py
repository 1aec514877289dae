"""The call log: complete, ordered, on disk at once, and comparable between kubelets."""

import json
from pathlib import Path

from drawplate.conformance.bench import calls
from drawplate.conformance.bench.calls import CallLog
from drawplate.conformance.bench.claims import ClaimRef
from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.selftest.bench.scripted import NAME, ScriptedDriver, good

ONE = ClaimRef("ns", "uid-1", "one")
TWO = ClaimRef("ns", "uid-2", "two")


def test_a_registration_and_a_prepare_are_recorded_with_their_messages(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    kubelet.prepare(ONE)
    info, notify, prepare = kubelet.log.calls
    assert [info.method, notify.method] == ["GetInfo", "NotifyRegistrationStatus"]
    assert info.driver == NAME
    assert notify.request == {"plugin_registered": True}
    assert prepare.request == {"claims": [{"namespace": "ns", "uid": "uid-1", "name": "one"}]}
    assert prepare.reply
    assert prepare.reply["claims"]["uid-1"]["devices"][0]["device_name"] == "gpu-0"
    assert prepare.version == "v1.DRAPlugin"
    assert prepare.seconds > 0


def test_a_line_is_on_disk_when_its_call_has_ended(tmp_path: Path) -> None:
    log = CallLog(tmp_path / "calls.jsonl")
    opened = log.begin("First", {"n": 1})
    log.begin("Second", {}).end(status="UNAVAILABLE", error="gone")
    (line,) = (tmp_path / "calls.jsonl").read_text().splitlines()
    assert json.loads(line)["status"] == "UNAVAILABLE"
    opened.end({"answer": "ü"})
    assert [call.method for call in log.calls] == ["First", "Second"]
    assert list(calls.read(tmp_path / "calls.jsonl")) == [log.calls[1], log.calls[0]]
    log.close()


def test_a_call_that_never_ended_is_written_when_the_log_is_closed(tmp_path: Path) -> None:
    log = CallLog(tmp_path / "calls.jsonl")
    hanging = log.begin("Hangs", {})
    log.close()
    hanging.end({"late": True})
    (call,) = calls.read(tmp_path / "calls.jsonl")
    assert call.status == "UNFINISHED"
    assert call.sequence == 1


def test_calls_are_found_by_mark_method_and_claim(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    kubelet.prepare(ONE)
    mark = kubelet.log.mark()
    kubelet.prepare(ONE, TWO)
    kubelet.unprepare(TWO)
    assert len(kubelet.log.since(mark)) == 2
    assert len(kubelet.log.since(mark, method="NodePrepareResources")) == 1
    assert len(kubelet.log.select(claim="uid-1")) == 2
    assert len(kubelet.log.select(claim="uid-2")) == 2


def test_the_essence_of_a_call_is_free_of_uids_and_times(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    serving.prepare = lambda claims: good(claims) | {claims[0].uid: {"error": "no"}}
    kubelet.prepare(ONE, TWO)
    kubelet.prepare(ClaimRef("ns", "uid-8", "one"), ClaimRef("ns", "uid-9", "two"))
    first, second = kubelet.log.select(method="NodePrepareResources")
    assert first.essence() == second.essence()
    assert first.essence() == (
        NAME,
        "NodePrepareResources",
        "v1.DRAPlugin",
        ("one", "two"),
        "OK",
        ("one",),
    )
    kubelet.prepare(TWO, ONE)
    assert kubelet.log.calls[-1].essence() != first.essence()
