"""A change is one transaction, and everyone is told of it."""

import threading

import pytest

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import CallRule, Changes
from drawplate.emulators.state.model import State
from drawplate.emulators.tests.state.conftest import make_spec


class Witness:
    name = "witness"

    def __init__(self) -> None:
        self.seen = 0
        self.told: list[Changes] = []

    def start(self, state: State) -> None:
        self.seen = state.generation

    def apply(self, changes: Changes) -> None:
        self.told.append(changes)
        self.seen = changes.generation

    def stop(self) -> None:
        self.told.clear()


def test_first_values_come_from_profile_specification_and_default(state: State) -> None:
    device = state.device("gpu1")
    assert device["memory"] == 16 * 2**20
    assert device["name"] == "gpu1"
    assert device["temperature"] == 35
    assert device["parts"] == []
    assert device["load"] == 0.0


def test_a_change_is_told_once_with_what_differs(state: State) -> None:
    witness = Witness()
    state.add_surface(witness)
    with state.change("test") as change:
        change.set("gpu0", "temperature", 90)
        change.set("gpu1", "temperature", 35)
        change.emit("hot", "gpu0", degrees=90)
    (told,) = witness.told
    assert told.sets == {"gpu0": {"temperature": 90}}
    assert (told.generation, told.cause) == (1, "test")
    assert [(event.name, event.device, dict(event.data)) for event in told.events] == [
        ("hot", "gpu0", {"degrees": 90})
    ]


def test_a_change_of_nothing_is_not_told(state: State) -> None:
    witness = Witness()
    state.add_surface(witness)
    with state.change() as change:
        change.set("gpu0", "temperature", 35)
    assert (witness.told, state.generation) == ([], 0)


def test_a_refused_change_leaves_nothing_behind(state: State) -> None:
    def half(change_unplugs: str) -> None:
        with state.change() as change:
            change.set("gpu0", "temperature", 90)
            change.unplug(change_unplugs)
            change.add(make_spec("gpu3", 3))
            change.remove("gpu1")
            change.add_rule(CallRule("f1", "nvml", "*"))
            change.set("gpu0", "temperature", 1000)

    with pytest.raises(Refused) as refused:
        half("gpu0")
    assert refused.value.reason is Reason.OUT_OF_RANGE
    assert state.device("gpu0")["temperature"] == 35
    assert [one.name for one in state.devices()] == ["gpu0", "gpu1"]
    assert [one.name for one in state.devices(absent=True)] == ["gpu0", "gpu1", "gpu2"]
    assert (state.call_rules, state.generation) == ((), 0)


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("temperature", "hot", Reason.INVALID),
        ("temperature", True, Reason.INVALID),
        ("temperature", -51, Reason.OUT_OF_RANGE),
        ("mode", "maybe", Reason.INVALID),
        ("colour", "red", Reason.NOT_FOUND),
    ],
)
def test_values_that_do_not_fit_are_refused(
    state: State, key: str, value: object, reason: Reason
) -> None:
    with pytest.raises(Refused) as refused, state.change() as change:
        change.set("gpu0", key, value)
    assert refused.value.reason is reason


def test_an_unknown_device_is_refused_with_those_that_there_are(state: State) -> None:
    with pytest.raises(Refused, match=r"'gpu9'; there are gpu0, gpu1, gpu2, node"):
        state.device("gpu9")


def test_unplugged_devices_keep_what_they_were(state: State) -> None:
    with state.change() as change:
        change.set("gpu0", "temperature", 70)
        change.unplug("gpu0")
    assert [one.name for one in state.devices()] == ["gpu1"]
    with state.change() as change:
        change.plug("gpu0")
    assert state.device("gpu0")["temperature"] == 70


def test_there_and_back_within_one_change_is_no_move(state: State) -> None:
    with state.change() as change:
        change.unplug("gpu0")
        change.plug("gpu0")
        assert change.empty


def test_a_device_that_came_and_went_within_one_change_never_was(state: State) -> None:
    with state.change() as change:
        change.add(make_spec("gpu3", 3), {"temperature": 50})
        change.remove("gpu3")
        assert change.empty


def test_plugging_twice_is_refused(state: State) -> None:
    with pytest.raises(Refused, match="there already"), state.change() as change:
        change.plug("gpu0")


def test_rules_see_the_change_and_add_to_it(state: State) -> None:
    def cool(change: object) -> None:
        if state.device("gpu0")["mode"] == "off":
            with state.change() as inner:
                inner.set("gpu0", "temperature", 20)

    state.rules.append(cool)
    witness = Witness()
    state.add_surface(witness)
    with state.change() as change:
        change.set("gpu0", "mode", "off")
    assert witness.told[0].sets == {"gpu0": {"mode": "off", "temperature": 20}}


def test_a_surface_that_fails_does_not_hide_the_change_from_others(
    state: State, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken(Witness):
        name = "broken"

        def apply(self, changes: Changes) -> None:
            raise OSError(changes.generation)

    witness = Witness()
    state.add_surface(Broken())
    state.add_surface(witness)
    with state.change() as change:
        change.set("gpu0", "temperature", 90)
    assert witness.seen == 1
    assert "surface broken cannot show generation 1" in caplog.text
    assert not state.wait(1, 0.01)


def test_waiting_ends_when_the_last_reader_sees_it(state: State) -> None:
    late = Witness()
    late.apply = late.told.append  # type: ignore[method-assign,assignment]
    state.add_surface(late)
    with state.change() as change:
        change.set("gpu0", "temperature", 90)
    results: list[bool] = []
    waiter = threading.Thread(target=lambda: results.append(state.wait(1, 30)))
    waiter.start()
    late.seen = 1
    state.surface_moved()
    waiter.join(30)
    assert results == [True]


def test_changes_of_many_threads_come_one_after_the_other(state: State) -> None:
    witness = Witness()
    state.add_surface(witness)

    def heat(device: str) -> None:
        for degrees in range(100, 150):
            with state.change() as change:
                change.set(device, "temperature", degrees)

    threads = [threading.Thread(target=heat, args=(name,)) for name in ("gpu0", "gpu1")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [told.generation for told in witness.told] == list(range(1, 101))
    assert all(len(told.sets) == 1 for told in witness.told)


def test_time_passes_for_tickers_in_a_quiet_change(state: State) -> None:
    state.tickers.append(lambda change, seconds: change.set("gpu0", "load", seconds * 2))
    witness = Witness()
    state.add_surface(witness)
    state.tick(0.5)
    assert state.device("gpu0")["load"] == 1.0
    assert witness.told[0].quiet


def test_a_reset_brings_everything_back_to_the_machine_file(state: State) -> None:
    with state.change() as change:
        change.set("gpu0", "temperature", 90)
        change.unplug("gpu1")
        change.plug("gpu2")
        change.add(make_spec("gpu9", 9))
        change.add_rule(CallRule("f1", "nvml", "*"))
    with state.change() as change:
        change.reset()
    assert state.device("gpu0")["temperature"] == 35
    assert [one.name for one in state.devices()] == ["gpu0", "gpu1"]
    assert "gpu9" not in state.all_devices
    assert state.call_rules == ()
