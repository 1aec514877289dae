"""Reads a CDI specification file into plain data, as strictly as the CDI library does."""

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

WHOLE = re.compile(r"[+-]?(?:0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|[0-9][0-9_]*)")


class SpecProblem(ValueError):
    """A file is not a CDI specification that the container runtime would use. `str()` says why."""


@cache
def fields() -> Mapping[str, Any]:
    """Give the fields, types and versions of the specification (cdi_fields.yaml)."""
    text = files("drawplate.conformance.bench").joinpath("cdi_fields.yaml").read_text("utf-8")
    known: Mapping[str, Any] = yaml.safe_load(text)
    return known


def parse(text: str) -> dict[str, Any]:
    """Read the content of a JSON or YAML file.

    Raises SpecProblem for bad syntax, unknown fields, repeated keys and wrong types: the library
    decodes both formats with a strict YAML decoder (pkg/cdi/spec.go, ParseSpec).
    """
    try:
        node = next(yaml.compose_all(_without_tabs(text), Loader=yaml.SafeLoader), None)
    except yaml.YAMLError as error:
        raise SpecProblem(f"not YAML or JSON: {error}") from error
    if node is None:
        raise SpecProblem("the file is empty")
    parsed = _convert(node, "spec", "")
    if parsed is None:
        raise SpecProblem("the file is empty")
    if not isinstance(parsed, dict):
        raise SpecProblem("the file is not a mapping")
    return parsed


def _without_tabs(text: str) -> str:
    # Go's YAML decoder takes JSON that is indented with tabs; Python's does not.
    if "\t" not in text:
        return text
    try:
        parsed = json.loads(text, object_pairs_hook=_refuse_repetition)
    except json.JSONDecodeError:
        return text
    return json.dumps(parsed, ensure_ascii=False)


def _refuse_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise SpecProblem(f"{name!r} is given twice")
    return dict(pairs)


def _convert(node: yaml.Node, kind: Any, path: str) -> Any:
    if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:null":
        return None
    if isinstance(kind, list):
        return _list(node, kind[0], path)
    if kind == "texts" or kind in fields()["types"]:
        return _mapping(node, kind, path)
    return _scalar(node, kind, path)


def _list(node: yaml.Node, kind: Any, path: str) -> list[Any]:
    if not isinstance(node, yaml.SequenceNode):
        raise SpecProblem(f"{path or 'the file'} is not a list{_place(node)}")
    return [_convert(entry, kind, f"{path}[{index}]") for index, entry in enumerate(node.value)]


def _mapping(node: yaml.Node, kind: str, path: str) -> dict[str, Any]:
    if not isinstance(node, yaml.MappingNode):
        raise SpecProblem(f"{path or 'the file'} is not a mapping{_place(node)}")
    allowed = fields()["types"].get(kind)
    result: dict[str, Any] = {}
    for key, value in node.value:
        name = str(key.value)
        inner = f"{path}.{name}" if path else name
        if name in result:
            raise SpecProblem(f"{inner!r} is given twice{_place(key)}")
        if allowed is not None and name not in allowed:
            raise SpecProblem(f"field {inner!r} is not known{_place(key)}")
        result[name] = _convert(value, "text" if allowed is None else allowed[name], inner)
    return {name: value for name, value in result.items() if value is not None}


def _scalar(node: yaml.Node, kind: str, path: str) -> str | int | bool:
    if not isinstance(node, yaml.ScalarNode):
        raise SpecProblem(f"{path!r} is not a single value{_place(node)}")
    tag = node.tag.rpartition(":")[2]
    if kind == "text":
        return str(node.value)
    if kind == "flag" and tag == "bool":
        return node.value.lower() in {"true", "yes", "on", "y"}
    if kind == "whole" and node.style is None and WHOLE.fullmatch(node.value):
        return _whole(node.value)
    raise SpecProblem(f"{path!r} is {tag} {node.value!r} instead of {kind}{_place(node)}")


def _whole(text: str) -> int:
    plain = text.replace("_", "")
    digits = plain.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0" and digits.isdigit():
        # A leading zero means octal, in Go as in YAML 1.1: fileMode: 0660.
        return int(plain, 8)
    return int(plain, 0)


def _place(node: yaml.Node) -> str:
    return f" (line {node.start_mark.line + 1})"
