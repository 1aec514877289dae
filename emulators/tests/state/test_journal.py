"""What was changed outlives the process, whenever that is killed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from drawplate.emulators.state import journal
from drawplate.emulators.state.change import CallRule, Change
from drawplate.emulators.state.journal import Journal
from drawplate.emulators.state.model import State
from drawplate.emulators.tests.state.conftest import make_spec, make_state


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


@pytest.fixture
def kept(state: State, path: Path) -> Iterator[State]:
    written = Journal(path)
    state.add_surface(written)
    yield state
    # Only after the test: a process that is killed closes nothing.
    written.stop()


def _recovered(path: Path) -> State:
    state = make_state()
    assert journal.recover(state, path)
    return state


def test_a_new_state_goes_on_where_the_old_one_was(kept: State, path: Path) -> None:
    state = kept
    with state.change() as change:
        change.set("gpu0", "temperature", 90)
        change.add_rule(CallRule("f1", "nvml", "nvmlDeviceGet*", "gpu0", "GPU_IS_LOST", after=3))
    with state.change() as change:
        change.unplug("gpu1")
        change.plug("gpu2")
    # Nothing is closed: the process was killed.
    found = _recovered(path)
    assert found.device("gpu0")["temperature"] == 90
    assert [one.name for one in found.devices()] == ["gpu0", "gpu2"]
    assert found.call_rules == state.call_rules
    assert found.generation == state.generation == 2


def test_half_a_line_at_the_end_is_left_out(kept: State, path: Path) -> None:
    for degrees in (40, 41):
        with kept.change() as change:
            change.set("gpu0", "temperature", degrees)
    data = path.read_bytes()
    path.write_bytes(data[:-9])
    assert _recovered(path).device("gpu0")["temperature"] == 40


def test_what_follows_time_is_not_written(kept: State, path: Path) -> None:
    before = path.read_bytes()
    with kept.change(quiet=True) as change:
        change.set("gpu0", "load", 0.7)
    with kept.change() as change:
        change.set("gpu0", "load", 0.8)
    assert path.read_bytes() == before


def test_without_a_journal_there_is_nothing_to_recover(state: State, path: Path) -> None:
    assert not journal.recover(state, path)


def test_a_long_journal_is_replaced_by_one_line(
    kept: State, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "MAX_LINES", 10)
    for degrees in range(100, 125):
        with kept.change() as change:
            change.set("gpu0", "temperature", degrees)
    assert len(path.read_bytes().splitlines()) <= 10
    found = _recovered(path)
    assert found.device("gpu0")["temperature"] == 124
    assert found.generation == 25


def test_devices_that_came_at_run_time_are_made_again_with_their_values(
    kept: State, path: Path
) -> None:
    state = kept

    def make_children(change: Change) -> None:
        if change.state.device("gpu0")["parts"] and "gpu9" not in change.state.all_devices:
            change.add(make_spec("gpu9", 9))

    with state.change() as change:
        change.set("gpu0", "parts", ["gpu9"])
        make_children(change)
    with state.change() as change:
        change.set("gpu9", "temperature", 77)
    found = make_state()
    found.recoverers.append(make_children)
    journal.recover(found, path)
    assert found.device("gpu9")["temperature"] == 77


def test_properties_that_are_no_more_are_left_out(path: Path) -> None:
    written = Journal(path)
    make_state().add_surface(written)
    written.stop()
    with path.open("a", encoding="utf-8") as file:
        file.write('{"generation": 4, "sets": {"gpu0": {"colour": "red", "temperature": 60}}}\n')
    assert _recovered(path).device("gpu0")["temperature"] == 60


def test_the_journal_of_another_machine_is_left_out(kept: State, path: Path) -> None:
    with kept.change() as change:
        change.set("gpu0", "temperature", 90)
    other = make_state("another")

    assert not journal.recover(other, path)
    assert other.device("gpu0")["temperature"] == 35
