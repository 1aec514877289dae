"""A judge of JSON against the part of JSON Schema that our schema uses; anything else is an error.

It stands apart from pydantic, so that the published schema is tried by other code than wrote it.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "null": (type(None),),
}
_REMARKS = {
    "type",
    "title",
    "description",
    "default",
    "readOnly",
    "format",
    "$schema",
    "$id",
    "$defs",
}
_BELOW = {"$ref", "anyOf", "items", "properties", "propertyNames"}


def _is(value: Any, kind: str) -> bool:
    return isinstance(value, _TYPES[kind]) and (kind == "boolean" or not isinstance(value, bool))


# Each holds or does not hold of a value, its keyword's rule, and the names of known properties.
_HOLDS: dict[str, Callable[[Any, Any, Any], bool]] = {
    "const": lambda value, rule, _: bool(value == rule),
    "enum": lambda value, rule, _: value in rule,
    "pattern": lambda value, rule, _: re.search(rule, value) is not None,
    "minLength": lambda value, rule, _: len(value) >= rule,
    "maxLength": lambda value, rule, _: len(value) <= rule,
    "minimum": lambda value, rule, _: bool(value >= rule),
    "required": lambda value, rule, _: set(rule) <= set(value),
    "additionalProperties": lambda value, rule, known: rule is not False or set(value) <= known,
}


def faults(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str = "$") -> list[str]:
    """Give what is wrong with the value, each fault with its place."""
    known = set(schema.get("properties", {}))
    if "type" in schema and not _is(value, schema["type"]):
        return [f"{at}: {value!r} is no {schema['type']}"]
    rules = {key: rule for key, rule in schema.items() if key not in _REMARKS | _BELOW}
    found = [
        f"{at}: {key} {rule!r} does not hold"
        for key, rule in rules.items()
        if not _HOLDS[key](value, rule, known)
    ]
    return found + list(_below(value, schema, root, at))


def _below(value: Any, schema: dict[str, Any], root: dict[str, Any], at: str) -> Iterator[str]:
    if "$ref" in schema:
        yield from faults(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root, at)
    if "anyOf" in schema:
        tries = [faults(value, option, root, at) for option in schema["anyOf"]]
        if all(tries):
            yield from min(tries, key=len)
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            yield from faults(item, schema["items"], root, f"{at}[{index}]")
    if isinstance(value, dict):
        yield from _members(value, schema, root, at)


def _members(
    value: dict[str, Any], schema: dict[str, Any], root: dict[str, Any], at: str
) -> Iterator[str]:
    others = schema.get("additionalProperties")
    for name, item in value.items():
        if "propertyNames" in schema:
            yield from faults(name, schema["propertyNames"], root, f"{at} key")
        rule = schema.get("properties", {}).get(name, others)
        if isinstance(rule, dict):
            yield from faults(item, rule, root, f"{at}.{name}")
