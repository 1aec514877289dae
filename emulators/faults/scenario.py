"""Scenarios: faults along a line of time, from a YAML file, the same at every run with one seed."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from drawplate.emulators.faults.command import Timing, parse
from drawplate.emulators.faults.duration import seconds
from drawplate.emulators.located import Part, read, require
from drawplate.emulators.problems import SetupProblem

_VERBS = ("fault", "heal", "set", "plug", "unplug")


class Step(Part):
    """One thing that happens. Exactly one verb is given, with the words of the same command.

    `at` counts from the start, or with a leading `+` from the step before. `jitter` is added to
    it, by chance. A device may be `any:gpu`: one of that family, by chance at each repetition.
    """

    at: str = "+0s"
    jitter: str = "0s"
    every: str = ""
    times: int = 1
    fault: str = ""
    heal: str = ""
    set: Mapping[str, Mapping[str, Any]] = {}
    plug: str = ""
    unplug: str = ""

    def model_post_init(self, _context: Any) -> None:
        """Refuse a step that does nothing, or two things."""
        require(
            sum(bool(getattr(self, verb)) for verb in _VERBS) == 1,
            "a step does exactly one thing",
            f"write one of {', '.join(_VERBS)}",
        )
        require(self.times == 1 or self.every, "`times` needs `every`", "add `every: 2s`")


class Scenario(Part):
    """A scenario file."""

    scenario: str
    about: str
    seed: int = 0
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing to do, `delay` seconds after the start; `words` are those of the verb."""

    delay: float
    verb: str
    device: str
    words: tuple[str, ...] = ()
    values: Mapping[str, Any] | None = None


def folder() -> Path:
    """Give the folder of the shipped scenarios."""
    return Path(str(files("drawplate.emulators"))) / "faults" / "scenarios"


def shipped() -> tuple[str, ...]:
    """Give the names of the shipped scenarios."""
    return tuple(sorted(path.stem for path in folder().glob("*.yaml")))


def load(name: str) -> Scenario:
    """Read a scenario from a file, or a shipped one by its name. Raises SetupProblem."""
    return read(folder() / f"{name}.yaml" if name in shipped() else Path(name), Scenario)


def understand(data: Mapping[str, Any]) -> Scenario:
    """Read a scenario from what a program gives. Raises SetupProblem."""
    try:
        return Scenario.model_validate({**data, "steps": tuple(data.get("steps", ()))})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise SetupProblem(f"{where}: {first['msg']}", cure="see the shipped scenarios") from None


def unfold(
    scenario: Scenario, devices: Mapping[str, Sequence[str]], seed: int | None = None
) -> tuple[Moment, ...]:
    """Give every moment of a scenario, by time; `devices` are the names by family.

    The same scenario, devices and seed give the same moments.
    """
    chance = random.Random(scenario.seed if seed is None else seed)  # noqa: S311
    moments: list[Moment] = []
    start = 0.0
    for step in scenario.steps:
        ahead = seconds(step.at.removeprefix("+"))
        start = start + ahead if step.at.startswith("+") else ahead
        for turn in range(step.times):
            delay = start + turn * (seconds(step.every) if step.every else 0.0)
            late = chance.uniform(0.0, seconds(step.jitter))
            moments += [replace(one, delay=delay + late) for one in _moments(step, devices, chance)]
    return tuple(sorted(moments, key=lambda moment: moment.delay))


def _moments(
    step: Step, devices: Mapping[str, Sequence[str]], chance: random.Random
) -> list[Moment]:
    if step.set:
        return [
            Moment(0.0, "set", _choose(name, devices, chance), values=dict(values))
            for name, values in step.set.items()
        ]
    verb = next(verb for verb in _VERBS if getattr(step, verb))
    device, *words = getattr(step, verb).split()
    return [Moment(0.0, verb, _choose(device, devices, chance), tuple(words))]


def _choose(name: str, devices: Mapping[str, Sequence[str]], chance: random.Random) -> str:
    if not name.startswith("any:"):
        return name
    family = name.removeprefix("any:")
    candidates = devices.get(family, ())
    if not candidates:
        raise SetupProblem(
            f"{name} needs a device of the family {family!r}, and this node has none",
            cure=f"the families here are {', '.join(devices)}",
        )
    return chance.choice(list(candidates))


def timing_of(moment: Moment) -> Timing:
    """Give when a moment's fault happens: its own words may delay it further."""
    own = parse(moment.words).timing if moment.verb == "fault" else Timing()
    return replace(own, delay=own.delay + moment.delay)
