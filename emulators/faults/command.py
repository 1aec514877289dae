"""The words of a fault command: `xid=79 on=nvml:DeviceGetTemperature after=5 at=+2s for=10s`.

The first word names the fault; as `name=value` it gives the parameter of the same name as well.
Of the others, those of timing say when it happens and for how long; the rest are parameters.
"""

import datetime as dt
import difflib
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drawplate.emulators.faults.duration import seconds
from drawplate.emulators.faults.entries import TIMING_WORDS, Fault, Parameter
from drawplate.emulators.problems import SetupProblem


@dataclass(frozen=True, slots=True)
class Timing:
    """When a fault happens. Without `at` and `on` that is now.

    `delay` and `lasts` are in seconds; `on` is `event:NAME`, `SURFACE:CALL`, `generation:N` or
    `claim-prepared`; the first `after` occurrences pass; it is done `times` times (none: until it
    is healed), every `every` seconds.
    """

    delay: float = 0.0
    on: str = ""
    after: int = 0
    lasts: float | None = None
    every: float | None = None
    times: int | None = 1


@dataclass(frozen=True, slots=True)
class Order:
    """One fault command, without its target."""

    fault: str
    parameters: Mapping[str, str]
    timing: Timing


def parse(words: Sequence[str]) -> Order:
    """Read the words of a command. Raises SetupProblem when they are not one."""
    if not words:
        raise SetupProblem("no fault is named", cure="name one, as in `xid=79` or `link-down`")
    name, _, value = words[0].partition("=")
    parameters = {name: value} if value else {}
    timing: dict[str, str] = {}
    for word in words[1:]:
        key, sign, value = word.partition("=")
        if not (key and sign and value):
            raise SetupProblem(f"{word!r} says nothing", cure="write parameters as name=value")
        (timing if key in TIMING_WORDS else parameters)[key] = value
    return Order(name, parameters, _timing(timing))


def values(fault: Fault, given: Mapping[str, str]) -> dict[str, Any]:
    """Give every parameter of `fault` its value. Raises SetupProblem for what does not fit."""
    for name in given:
        if name not in fault.parameters:
            near = difflib.get_close_matches(name, [*fault.parameters, *TIMING_WORDS], n=1)
            known = ", ".join([*fault.parameters, *TIMING_WORDS])
            raise SetupProblem(
                f"{fault.id} has no parameter {name!r}",
                cure=f"write {near[0]!r} in its place" if near else f"known here: {known}",
            )
    return {
        name: _value(fault, name, parameter, given.get(name))
        for name, parameter in fault.parameters.items()
    }


def _value(fault: Fault, name: str, parameter: Parameter, given: str | None) -> Any:
    if given is None:
        if parameter.default is None and parameter.type != "text":
            raise SetupProblem(
                f"{fault.id} needs {name}: {parameter.about}", cure=f"say {name}=VALUE"
            )
        given = str(parameter.default) if parameter.default is not None else ""
    value = _typed(fault, name, parameter, given)
    low, high = parameter.least, parameter.most
    outside = (low is not None and value < low) or (high is not None and value > high)
    if outside or (parameter.choices and value not in parameter.choices):
        known = ", ".join(map(str, parameter.choices)) or f"{low} to {high}"
        raise SetupProblem(f"{name}={given} is not possible in {fault.id}", cure=f"use {known}")
    return value


def _typed(fault: Fault, name: str, parameter: Parameter, text: str) -> Any:
    try:
        match parameter.type:
            case "int":
                return int(text, 0)
            case "float":
                return float(text)
            case "flag":
                return {"true": True, "yes": True, "false": False, "no": False}[text.lower()]
            case "duration":
                return round(seconds(text) * 1000)
            case _:
                return text
    except (ValueError, KeyError):
        raise SetupProblem(
            f"{name}={text} of {fault.id} is not of type {parameter.type}",
            cure=f"{name} is {parameter.about}",
        ) from None


def _timing(words: Mapping[str, str]) -> Timing:
    def number(key: str, least: int, default: int) -> int:
        text = words.get(key, str(default))
        if not text.isdigit() or int(text) < least:
            raise SetupProblem(f"{key}={text} is not a count", cure=f"{key} is from {least} on")
        return int(text)

    every = seconds(words["every"]) if "every" in words else None
    if "times" in words and every is None:
        raise SetupProblem("times= needs every=", cure="say the period, as in every=2s")
    return Timing(
        delay=_delay(words.get("at", "+0")),
        on=_occasion(words.get("on", "")),
        after=number("after", 0, 0),
        lasts=seconds(words["for"]) if "for" in words else None,
        every=every,
        times=None if every and "times" not in words else number("times", 1, 1),
    )


def _occasion(text: str) -> str:
    head, sign, rest = text.partition(":")
    if text and not sign and text not in {"claim-prepared", "claim-unprepared"}:
        raise SetupProblem(
            f"on={text} is no occasion",
            cure="write nvml:FUNCTION, sysfs:PATH, event:NAME, generation:N or claim-prepared",
        )
    if head == "generation" and not rest.isdigit():
        raise SetupProblem(f"on={text} names no generation", cure="write on=generation:12")
    return f"{head.lower()}{sign}{rest}"


def _delay(text: str) -> float:
    if text.startswith("+"):
        return seconds(text[1:])
    try:
        moment = dt.datetime.fromisoformat(text).astimezone()
    except ValueError:
        raise SetupProblem(
            f"at={text} is no time", cure="write at=+2s, or a date and time as 2026-11-23T16:00:00"
        ) from None
    return max(0.0, moment.timestamp() - time.time())
