"""The model's complaints in words that tell line, key and cure."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic_core import ErrorDetails

from drawplate.conformance.profile.findings import Finding, KeyPath, suggest
from drawplate.conformance.profile.schema import part_of
from drawplate.conformance.profile.yamltree import Tree


def explain(errors: Iterable[ErrorDetails], tree: Tree) -> list[Finding]:
    """Turn the model's errors on `tree` into findings."""
    return [_finding(error, tree) for error in errors]


def _finding(error: ErrorDetails, tree: Tree) -> Finding:
    path: KeyPath = tuple(error["loc"])
    spot = tree.spot(path)
    written = spot.text if path in tree.spots else None
    kind = error["type"]
    if kind == "extra_forbidden":
        what, cure = _unknown_key(path)
    elif kind == "missing":
        what, cure = f"the key {path[-1]!r} is missing", f"add it: {_purpose(path)}"
    elif error["input"] is None:
        what, cure = "the key has no value", f"give one, or remove the key: {_purpose(path)}"
    elif kind == "string_type" and isinstance(error["input"], bool | int | float) and written:
        what = f"{written} is read as {_kind(error['input'])}, not as text"
        cure = f"quote it: '{written}'"
    elif kind == "literal_error":
        what, cure = _wrong_choice(error, path)
    else:
        what, cure = _complaint(error, path, written)
    return Finding(what, cure, spot.line, path)


def _unknown_key(path: KeyPath) -> tuple[str, str]:
    known = list(part_of(path[:-1]).get("properties", {}))
    return f"the key {path[-1]!r} is not known", suggest(str(path[-1]), known)


def _wrong_choice(error: ErrorDetails, path: KeyPath) -> tuple[str, str]:
    choices = [str(choice) for choice in _choices(part_of(path))]
    return f"{error['input']!r} is not a choice here", suggest(str(error["input"]), choices)


def _complaint(error: ErrorDetails, path: KeyPath, written: str | None) -> tuple[str, str]:
    context = error.get("ctx", {})
    if "cure" in context:
        return str(context["what"]), str(context["cure"])
    # Lists of a file are tuples of the model; the reader knows only lists.
    what = error["msg"].replace("Input should", "this should").replace("tuple", "list", 1)
    shown = f", not {written!r}" if written is not None else ""
    return what[:1].lower() + what[1:] + shown, f"what belongs here: {_purpose(path)}"


def _choices(part: Mapping[str, Any]) -> list[Any]:
    if "const" in part:
        return [part["const"]]
    return list(part.get("enum", []))


def _kind(value: object) -> str:
    return "a boolean" if isinstance(value, bool) else "a number"


def _purpose(path: KeyPath) -> str:
    while path:
        text = str(part_of(path).get("description", ""))
        if text:
            return " ".join(text.split())
        path = path[:-1]
    return "`drawplate profile schema` prints what belongs there"
