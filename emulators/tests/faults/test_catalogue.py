"""Everything in the catalogue can happen on everything that can have it, and heals."""

import re
from collections.abc import Iterator

import pytest

from drawplate.emulators.faults.entries import Effect, Fault, catalogue
from drawplate.emulators.faults.scenario import load as load_scenario
from drawplate.emulators.faults.scenario import shipped
from drawplate.emulators.tests.faults.ground import Ground
from drawplate.emulators.work.policies import policies

# A machine and a device of it for every kind of target.
TARGETS = {
    "nvidia-gpu": ("dgx-h100", "gpu0"),
    "amd-gpu": ("mi300x", "gpu0"),
    "intel-gpu": ("intel-max", "gpu0"),
    "tpu": ("tpu-v5e-8", "tpu0"),
    "nic": ("nic-2xcx7", "nic0"),
    "node": ("dgx-h100", "node"),
}

# What counts, and goes on to count when the fault is over.
COUNTERS = re.compile(
    r"ecc\.(volatile|aggregate)|\.errors|violation|rows\.uncorrected|replays|aer|retired"
)


def everything() -> Iterator[tuple[str, str, str]]:
    for fault in catalogue().values():
        words = [f"{fault.by}={value}" for case in fault.cases for value in case.values]
        for kind in fault.kinds:
            for word in words or [""]:
                yield kind, fault.id, word


@pytest.mark.parametrize(("kind", "fault", "word"), list(everything()))
def test_every_fault_happens_and_heals(kind: str, fault: str, word: str) -> None:
    machine, name = TARGETS[kind]
    ground = Ground(machine)
    target = ground.device(name)
    before = {key: value for key, value in target.values.items() if not key.startswith("faults.")}
    generation = ground.state.generation
    words = [word] if word else []
    words += [f"{key}=x" for key, one in catalogue()[fault].parameters.items() if needs(one)]
    first = words.pop(0) if words and words[0].startswith(f"{fault}=") else fault
    ground.fault(" ".join([name, first, *words]))
    assert ground.state.generation == generation + 1
    ground.heal(name)
    after = {key: value for key, value in target.values.items() if not key.startswith("faults.")}
    differing = {key for key in before if before[key] != after[key]}
    assert {key for key in differing if not COUNTERS.search(key)} == set()
    assert target.present
    assert ground.state.call_rules == ()
    assert ground.device("node")["faults.layers"] == {}


def needs(parameter: object) -> bool:
    return getattr(parameter, "default", None) is None and getattr(parameter, "type", "") == "text"


@pytest.mark.parametrize("fault", list(catalogue().values()), ids=lambda one: one.id)
def test_entries_tell_readers_what_they_are(fault: Fault) -> None:
    for sentence in (fault.about, fault.heals, fault.software):
        assert sentence[0].isupper() or sentence.startswith("nv")
        assert sentence.endswith(".")
    assert fault.source
    assert set(fault.kinds) <= set(TARGETS)
    for parameter in fault.parameters.values():
        assert parameter.about.endswith(".")


def test_failed_work_is_told_by_errors_that_work_knows() -> None:
    for fault in catalogue().values():
        for effect in (*fault.effects, *(one for case in fault.cases for one in case.effects)):
            if effect.emit == "work-error":
                assert effect.data["error"] in policies().errors
                assert effect.data["scope"] in {"one", "all"}


def test_healing_does_nothing_that_would_stay() -> None:
    healing: list[Effect] = [one for fault in catalogue().values() for one in fault.healing]
    assert all(effect.emit or effect.add for effect in healing)


@pytest.mark.parametrize("name", shipped())
def test_shipped_scenarios_run_to_their_end(name: str) -> None:
    machine = {"flapping-link": "nic-2xcx7", "tpu-maintenance": "tpu-v5e-8"}.get(name, "dgx-h100")
    ground = Ground(machine)
    answer = ground.faults.apply(name)
    assert len(answer["ids"]) >= len(load_scenario(name).steps)
    ground.pass_time(3600)
    assert ground.pending() == 0
    assert ground.events("fault-refused") == []
