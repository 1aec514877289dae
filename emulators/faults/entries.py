"""The catalogue of faults: what each does to the hardware and what software should do, as data.

The files are `catalogue/<family>.yaml`. A new fault is a new entry there: commands, scenarios and
tests find it by themselves.
"""

import functools
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from drawplate.emulators.located import Part, read, require
from drawplate.emulators.problems import SetupProblem, SuiteError

# The words that say when a fault happens and how long it stays; no parameter may be called so.
TIMING_WORDS = ("on", "after", "at", "for", "every", "times")

_VERBS = ("set", "bits", "include", "add", "emit", "call", "plug")


class Parameter(Part):
    """One thing that a command may say about the fault; without a default it must be said."""

    about: str
    type: Literal["int", "float", "text", "flag", "duration"] = "int"
    default: int | float | str | bool | None = None
    least: float | None = None
    most: float | None = None
    choices: tuple[int | str, ...] = ()


class Call(Part):
    """What an interface answers to calls while the fault lasts; see CallRule."""

    surface: str
    call: str
    result: str | None = None
    delay_ms: int | str = 0
    after: int | str = 0
    count: int | str | None = None


class Effect(Part):
    """One thing that a fault does. Exactly one of the verbs is given.

    Texts may name a parameter, or a field of the device, in braces: `{xid}`, `{address}`. A text
    that is nothing but one name keeps the type of what it names. A key may go on into the JSON of
    a property after `#`: `nvlink.errors#{link}.replay`.
    """

    # Sets values, which healing gives back.
    set: Mapping[str, Any] | None = None
    # Sets bits of a number, which healing takes off.
    bits: Mapping[str, int | str] | None = None
    # Puts items into lists, which healing takes out.
    include: Mapping[str, Any] | None = None
    # Adds to counters, or to the end of lists, which healing leaves.
    add: Mapping[str, Any] | None = None
    # Tells of an event, `times` times.
    emit: str | None = None
    data: Mapping[str, Any] = {}
    times: int | str = 1
    # Lets an interface answer by a rule.
    call: Call | None = None
    # Takes the device away (false) or puts it back (true).
    plug: bool | None = None
    # Kinds of devices on which it is done; none: on all.
    kinds: tuple[str, ...] = ()

    def model_post_init(self, _context: Any) -> None:
        """Refuse an effect that does nothing, or two things."""
        verbs = [getattr(self, verb) for verb in _VERBS]
        require(
            sum(verb is not None for verb in verbs) == 1,
            "an effect does exactly one thing",
            f"write one of {', '.join(_VERBS)}",
        )


class Case(Part):
    """What more happens when a parameter has one of some values."""

    values: tuple[int | str, ...]
    name: str
    about: str
    software: str = ""
    effects: tuple[Effect, ...] = ()


class Fault(Part):
    """One entry of the catalogue."""

    id: str
    about: str
    # The kinds of devices that can have it; `node` for the node itself.
    kinds: tuple[str, ...]
    parameters: Mapping[str, Parameter] = {}
    effects: tuple[Effect, ...] = ()
    # The parameter by which `cases` tell apart.
    by: str = ""
    cases: tuple[Case, ...] = ()
    # Told or done when it is healed, after everything that it did is undone.
    healing: tuple[Effect, ...] = ()
    # Events on the device (or, with `node:` before the name, on the node) that heal it.
    ends_with: tuple[str, ...] = ()
    heals: str
    software: str
    source: str

    def model_post_init(self, _context: Any) -> None:
        """Refuse parameters that the grammar of commands could not tell apart."""
        for name in self.parameters:
            require(name not in TIMING_WORDS, f"{name!r} is a word of timing", "rename it")
        require(not self.cases or self.by in self.parameters, "cases need `by`", "name a parameter")

    def case(self, parameters: Mapping[str, Any]) -> Case | None:
        """Give the case that these parameters are, if there is one."""
        value = parameters.get(self.by)
        return next((case for case in self.cases if value in case.values), None)


class Family(Part):
    """One file of the catalogue."""

    family: str
    faults: tuple[Fault, ...]


def folder() -> Path:
    """Give the folder of the catalogue."""
    return Path(str(files("drawplate.emulators"))) / "faults" / "catalogue"


@functools.cache
def catalogue() -> Mapping[str, Fault]:
    """Give all faults by id, in the order of the files."""
    found: dict[str, Fault] = {}
    for path in sorted(folder().glob("*.yaml")):
        for fault in read(path, Family).faults:
            if fault.id in found:
                raise SuiteError(f"the fault {fault.id!r} is there twice", where=str(path))
            found[fault.id] = fault
    return found


def find(name: str, kind: str) -> Fault:
    """Give the fault `name`, which devices of `kind` can have. Raises SetupProblem otherwise."""
    fault = catalogue().get(name)
    if fault is not None and kind in fault.kinds:
        return fault
    known = ", ".join(one.id for one in catalogue().values() if kind in one.kinds)
    what = f"{kind} has no fault {name!r}" if fault is None else f"{name!r} is no fault of {kind}"
    raise SetupProblem(what, cure=f"choose one of: {known}")
