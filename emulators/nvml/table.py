"""The functions of NVML: their arguments, the driver branches that have them, and what they do."""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

from drawplate.emulators.nvml.layout import data

# The oldest branch of which the table knows the functions.
FIRST_BRANCH = 450
HANDLES = ("device", "gi", "ci", "unit", "set", "sample")


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: `way` is how C passes it, `kind` its type, a handle's name, or `text`."""

    way: str  # "" by value, "in" pointer to const, "out" pointer
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """One function. `number` is its place among all names, and the same for every driver."""

    name: str
    number: int
    arguments: tuple[Argument, ...]
    since: int
    until: int | None
    behaviour: Mapping[str, Any]

    def exported_by(self, branch: int) -> bool:
        """Tell whether the library of that driver branch has it."""
        return self.since <= branch and (self.until is None or branch < self.until)


@functools.cache
def functions() -> Mapping[str, Function]:
    """Give all functions by name, in alphabetical order."""
    declared, behaviours = _all("functions"), _all("behaviour")
    unknown = sorted(set(behaviours) - set(declared))
    if unknown:
        message = f"behaviour of unknown functions: {', '.join(unknown)}"
        raise ValueError(message)
    return {
        name: Function(
            name=name,
            number=number,
            arguments=tuple(_argument(text) for text in entry["args"]),
            since=entry.get("since", FIRST_BRANCH),
            until=entry.get("until"),
            behaviour=behaviours.get(name, {}),
        )
        for number, (name, entry) in enumerate(sorted(declared.items()))
    }


def exported(version: str) -> Sequence[Function]:
    """Give the functions that the library of a driver version exports.

    Drivers older than the table's first branch are taken for that branch.
    """
    branch = max(branch_of(version), FIRST_BRANCH)
    return [one for one in functions().values() if one.exported_by(branch)]


def branch_of(version: str) -> int:
    """Give the branch of a driver version, 580 of "580.95.05"; 0 where it is no version."""
    match = re.match(r"\d+", version)
    return int(match.group()) if match else 0


@functools.cache
def codes() -> Mapping[str, tuple[int, str]]:
    """Give nvmlReturn_t by name: the number, and what nvmlErrorString says."""
    return {name: (number, text) for name, (number, text) in data("codes.yaml").items()}


def _all(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    root = Path(str(files("drawplate.emulators"))) / "nvml" / "api" / folder
    for path in sorted(root.glob("*.yaml")):
        found.update(data(f"{folder}/{path.name}") or {})
    return found


def _argument(text: str) -> Argument:
    *words, name = text.split()
    if words[0] == "text":
        return Argument("out", "text", name)
    way = words.pop(0) if words[0] in {"in", "out"} else ""
    return Argument(way, words[0], name)
