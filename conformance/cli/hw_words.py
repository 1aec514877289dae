"""The words of `drawplate hw` commands, and what they mean for the hardware at hand."""

import json
from fnmatch import fnmatchcase
from typing import Any

from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.refusals import Reason, Refused


def matches(item: dict[str, Any], wanted: dict[str, str]) -> bool:
    """Tell whether a traced call has what is wanted, by globs."""
    return all(fnmatchcase(str(item.get(key)), glob) for key, glob in wanted.items())


def named(values: dict[str, Any], key: str) -> list[str]:
    """Give the property `key`, or those of the group `key`."""
    found = [key] if key in values else [each for each in values if each.startswith(f"{key}.")]
    if not found:
        raise Refused(Reason.NOT_FOUND, f"there is no property {key!r}")
    return found


def pair(text: str) -> tuple[str, str]:
    """Read `name=value`. Raises SetupProblem for anything else."""
    key, sign, value = text.partition("=")
    if not (key and sign):
        raise SetupProblem(f"{text!r} says nothing", cure="write name=value")
    return key, value


def typed(text: str, before: Any) -> Any:
    """Give a value as it is meant where there was `before`: texts need no quotes."""
    if isinstance(before, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text
