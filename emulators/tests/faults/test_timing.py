"""Faults happen at their moment or on their occasion, and not before."""

from drawplate.emulators.state.model import State
from drawplate.emulators.tests.faults.ground import Ground


def test_a_fault_waits_for_its_moment_and_heals_by_itself(node: Ground) -> None:
    gpu = node.device("gpu0")
    node.fault("gpu0 lost at=+2s for=10s")
    node.pass_time(1.9)
    assert not gpu["lost"]
    node.pass_time(0.2)
    assert gpu["lost"]
    node.pass_time(9.7)
    assert gpu["lost"]
    node.pass_time(0.3)
    assert not gpu["lost"]
    assert node.pending() == 0


def test_a_flapping_fault_comes_and_goes_until_it_is_healed(node: Ground) -> None:
    seen = []
    node.fault("gpu0 nvlink-down for=1s every=2s")
    for _ in range(6):
        node.pass_time(0.5)
        seen.append(bool(node.device("gpu0")["nvlink.down"]))
        node.pass_time(0.5)
    assert seen == [True, False, True, False, True, False]
    node.heal("gpu0")
    node.pass_time(10)
    assert node.device("gpu0")["nvlink.down"] == []
    assert node.pending() == 0


def test_a_repeated_fault_happens_so_many_times(node: Ground) -> None:
    node.fault("gpu0 xid=31 every=100ms times=5")
    node.pass_time(60)
    assert len(node.events("xid")) == 5
    assert node.pending() == 0


def test_an_event_is_the_occasion_after_so_many(node: Ground) -> None:
    node.fault("gpu0 lost on=event:tap after=2")
    node.emit("tap", "gpu0")
    node.emit("tap", "gpu1")
    node.emit("tap", "gpu0")
    assert not node.device("gpu0")["lost"]
    node.emit("tap", "gpu0")
    assert node.device("gpu0")["lost"]


def test_a_prepared_claim_is_the_occasion_for_its_devices(node: Ground) -> None:
    node.fault("gpu1 lost on=claim-prepared")
    node.emit("claim-prepared", devices=["gpu0"])
    assert not node.device("gpu1")["lost"]
    generation = node.state.generation
    node.emit("claim-prepared", devices=["gpu0", "gpu1"])
    assert node.device("gpu1")["lost"]
    # The fault is part of the change that brought the occasion: no reader sees one alone.
    assert node.state.generation == generation + 1


def test_a_generation_is_the_occasion(node: Ground) -> None:
    node.fault(f"gpu1 lost on=generation:{node.state.generation + 3}")
    node.emit("one")
    assert not node.device("gpu1")["lost"]
    node.emit("two")
    assert node.device("gpu1")["lost"]


def test_a_call_is_the_occasion_and_the_interface_counts(node: Ground) -> None:
    [waiting] = node.fault("gpu3 xid=79 on=nvml:DeviceGetTemperature after=5")["ids"]
    [rule] = node.state.call_rules
    assert (rule.surface, rule.call, rule.device) == ("nvml", "DeviceGetTemperature", "gpu3")
    assert (rule.after, rule.count, rule.result, rule.owner) == (5, 1, None, waiting)
    node.emit("call", "gpu3", owner="another")
    assert not node.device("gpu3")["lost"]
    node.emit("call", "gpu3", owner=waiting)
    assert node.device("gpu3")["lost"]
    assert node.state.call_rules == ()


def test_one_fault_can_be_the_occasion_of_another(node: Ground) -> None:
    node.fault("gpu1 lost on=event:xid")
    node.fault("node driver-unloaded on=event:fault")
    node.fault("gpu1 xid=31")
    assert node.device("gpu1")["lost"]
    assert not node.device("node")["driver.loaded"]


def test_what_is_refused_at_its_moment_is_told_and_the_rest_goes_on(node: Ground) -> None:
    node.faults.apply(
        {
            "scenario": "twice",
            "about": "The second step cannot be done.",
            "steps": [{"unplug": "gpu0"}, {"unplug": "gpu0"}, {"fault": "gpu1 lost"}],
        }
    )
    node.pass_time(0)
    assert len(node.events("fault-refused")) == 1
    assert node.device("gpu1")["lost"]


def test_a_scenario_is_the_same_with_the_same_seed_only() -> None:
    def run(seed: int) -> object:
        return Ground().faults.apply("xid-storm", seed)["moments"]

    assert run(1) == run(1)
    assert run(1) != run(2)


def test_time_that_was_missed_does_not_hang_the_node(node: Ground) -> None:
    node.fault("gpu0 xid=31 every=1ms")
    node.pass_time(3600)
    assert 0 < len(node.events("xid")) <= 1000
    assert isinstance(node.state, State)


def test_healing_in_a_scenario_ends_what_repeats_and_keeps_what_is_to_come(node: Ground) -> None:
    node.faults.apply(
        {
            "scenario": "flap",
            "about": "A link flaps, is mended, and is lost for good.",
            "steps": [
                {"at": "0s", "fault": "gpu0 nvlink-down for=1s every=2s"},
                {"at": "5s", "heal": "gpu0"},
                {"at": "9s", "fault": "gpu0 nvlink-down"},
            ],
        }
    )
    seen = []
    for _ in range(10):
        node.pass_time(0.5)
        seen.append(len(node.device("gpu0")["nvlink.down"]))
        node.pass_time(0.5)
    assert seen == [1, 0, 1, 0, 1, 0, 0, 0, 0, 1]
    assert node.pending() == 0
