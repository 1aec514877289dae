"""Faults change what hardware says, and healing gives back what was."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.refusals import Refused
from drawplate.emulators.state import journal
from drawplate.emulators.state.change import CallRule, Change
from drawplate.emulators.tests.faults.ground import Ground


def test_an_application_xid_is_only_told(node: Ground) -> None:
    node.fault("gpu3 xid=31")
    assert [one["xid"] for one in node.events("xid")] == [31]
    assert node.active() == []


def test_xid_79_takes_the_gpu_off_the_bus_and_heals(node: Ground) -> None:
    gpu = node.device("gpu3")
    width = gpu["link.width"]
    node.fault("gpu3 xid=79")
    assert (gpu["lost"], gpu["link.width"], gpu["recovery_action"]) == (True, 0, 2)
    assert [one["xid"] for one in node.events("xid")] == [79]
    assert "PCI:0000:" in node.events("kernel")[0]["text"]
    assert not node.device("gpu2")["lost"]
    node.heal("gpu3 xid=79")
    assert (gpu["lost"], gpu["link.width"], gpu["recovery_action"]) == (False, width, 0)


@pytest.mark.parametrize("xid", [64, 95, 119])
def test_serious_xids_need_a_reset_which_heals_them(node: Ground, xid: int) -> None:
    node.fault(f"gpu0 xid={xid}")
    assert node.device("gpu0")["reset_required"]
    node.emit("reset", "gpu1")
    assert node.active() == ["xid"]
    node.emit("reset", "gpu0")
    assert not node.device("gpu0")["reset_required"]
    assert node.active() == []


def test_counters_stay_when_memory_errors_heal(node: Ground) -> None:
    gpu = node.device("gpu0")
    node.fault("gpu0 xid=94 errors=3")
    assert gpu["rows.pending"]
    node.heal("gpu0")
    assert not gpu["rows.pending"]
    assert gpu["ecc.aggregate.uncorrected"] == {"device_memory": 3}
    assert gpu["rows.uncorrected"] == 1


def test_a_storm_tells_every_xid_in_one_generation(node: Ground) -> None:
    before = node.state.generation
    told: list[int] = []

    def count(change: Change) -> None:
        told.append(sum(name == "xid" for name, _, _ in change.emitted))

    node.state.rules.append(count)
    node.fault("gpu0 xid=31 count=10000")
    assert told == [10_000]
    assert node.state.generation == before + 1


def test_faults_on_one_value_heal_in_any_order(node: Ground) -> None:
    gpu = node.device("gpu0")
    node.fault("gpu0 lost")
    node.fault("gpu0 xid=79")
    node.fault("gpu0 thermal")
    node.fault("gpu0 power-brake")
    assert gpu["clocks.reasons"] & 0xE8 == 0xE8
    node.heal("gpu0 lost")
    assert gpu["lost"]
    assert gpu["link.width"] == 0
    node.heal("gpu0 thermal")
    assert gpu["clocks.reasons"] & 0xE8 == 0x88
    node.heal("gpu0")
    assert not gpu["lost"]
    assert gpu["clocks.reasons"] == 1
    assert node.device("node")["faults.layers"] == {}


@settings(deadline=None)
@given(
    st.permutations(["lost", "xid=79", "thermal", "power-cap", "nvlink-down", "unplugged", "slow"])
)
def test_any_order_of_healing_restores_everything(order: list[str]) -> None:
    ground = Ground("edge-l4")
    volatile = {"nvlink.errors", "violation.power", "violation.thermal"}
    gpu = ground.device("gpu0")
    before = {key: value for key, value in gpu.values.items() if key not in volatile}
    for fault in sorted(order):
        ground.fault(f"gpu0 {fault}")
    for fault in order:
        ground.heal(f"gpu0 {fault}")
    assert {key: value for key, value in gpu.values.items() if key not in volatile} == before
    assert gpu.present
    assert ground.state.call_rules == ()


def test_what_somebody_set_since_is_not_overwritten(node: Ground) -> None:
    node.fault("gpu0 thermal temperature=95")
    node.set("gpu0", "temperature.gpu", 60)
    node.heal("gpu0")
    assert node.device("gpu0")["temperature.gpu"] == 60


def test_links_that_two_faults_took_down_come_up_one_by_one(node: Ground) -> None:
    node.fault("gpu0 nvlink-down link=3")
    node.fault("gpu0 xid=74 link=5")
    assert node.device("gpu0")["nvlink.down"] == [3, 5]
    node.heal("gpu0 nvlink-down")
    assert node.device("gpu0")["nvlink.down"] == [5]


def test_an_unplugged_gpu_comes_back_as_itself(node: Ground) -> None:
    uuid = node.device("gpu1")["uuid"]
    node.fault("gpu1 unplugged")
    assert "gpu1" not in {one.name for one in node.state.devices()}
    node.heal("gpu1")
    assert node.device("gpu1").present
    assert node.device("gpu1")["uuid"] == uuid


def test_call_faults_are_rules_of_the_interface(node: Ground) -> None:
    node.fault("gpu2 call call=DeviceGetTemperature result=TIMEOUT delay=200ms skip=4 count=2")
    node.fault("node init-slow delay=3s")
    [rule] = node.state.call_rules
    assert rule == CallRule(
        rule.owner, "nvml", "DeviceGetTemperature", "gpu2", "TIMEOUT", 200, 4, 2
    )
    assert node.device("node")["driver.init_delay"] == 3000
    node.heal("gpu2")
    assert node.state.call_rules == ()


def test_a_reload_of_the_driver_ends_what_needs_a_reset(node: Ground) -> None:
    node.fault("gpu0 reset-required")
    node.fault("node driver-unloaded")
    node.heal("node")
    assert not node.device("gpu0")["reset_required"]
    assert node.active() == []


def test_several_devices_are_named_by_a_pattern(node: Ground) -> None:
    assert len(node.fault("gpu[0-3] xid=79")["ids"]) == 4
    assert len(node.faults.heal()["healed"]) == 4


def test_a_refused_fault_changes_nothing(node: Ground) -> None:
    generation = node.state.generation
    node.state.rules.append(_refuse)
    with pytest.raises(Refused):
        node.fault("gpu0 lost")
    node.state.rules.remove(_refuse)
    assert not node.device("gpu0")["lost"]
    assert node.active() == []
    assert node.state.generation == generation


def _refuse(_change: Change) -> None:
    from drawplate.emulators.refusals import Reason  # noqa: PLC0415 - only here

    raise Refused(Reason.IN_USE)


@pytest.mark.parametrize(
    "line",
    [
        "gpu0 xid",
        "gpu0 xid=many",
        "gpu0 xid=0",
        "gpu0 xid=79 linnk=3",
        "gpu0 lost on=tuesday",
        "gpu0 lost at=never",
        "gpu0 lost after=-1",
        "gpu0 lost times=3",
        "gpu0 link-down",
        "node lost",
        "nic* lost",
    ],
)
def test_wrong_words_are_told_with_a_cure(node: Ground, line: str) -> None:
    with pytest.raises(SetupProblem) as problem:
        node.fault(line)
    assert problem.value.cure
    assert node.active() == []
    assert node.pending() == 0


def test_active_faults_and_their_rules_survive_the_process(node: Ground, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    node.state.add_surface(journal.Journal(path))
    node.fault("gpu0 xid=79")
    node.fault("gpu1 slow=2s")
    node.fault("gpu2 lost at=+5s")
    node.fault("gpu3 thermal temperature=95")
    again = Ground()
    journal.recover(again.state, path)
    assert again.device("gpu0")["lost"]
    assert [rule.delay_ms for rule in again.state.call_rules] == [2000]
    assert again.pending() == 1
    assert again.device("gpu3")["temperature.gpu"] == 95
    again.faults.heal()
    assert again.device("gpu3")["temperature.gpu"] == node.device("gpu4")["temperature.gpu"]
    assert not again.device("gpu0")["lost"]
    assert again.state.call_rules == ()
    node.state.remove_surface(node.state.surfaces[0])


def test_the_answers_of_operations_are_json(node: Ground) -> None:
    node.fault("gpu0 xid=79 for=5s")
    node.fault("gpu1 lost at=+5s")
    for answer in (node.faults.faults(), node.faults.catalogue(), node.faults.heal()):
        assert json.loads(json.dumps(answer)) == answer
