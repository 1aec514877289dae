"""Scalars of YAML that every reader takes the same way; all others are refused with a cure."""

import re
from typing import Any

import yaml

_PREFIX = "tag:yaml.org,2002:"
_BOOLEANS = {"true": True, "false": False}
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FRACTION = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")


class Trap(Exception):
    """A scalar that YAML 1.1 and YAML 1.2 read differently, or that JSON cannot hold."""

    def __init__(self, what: str, cure: str) -> None:
        """Keep both parts of the message."""
        super().__init__(what)
        self.what = what
        self.cure = cure


def kind_of(node: yaml.Node) -> str:
    """Give the type that YAML 1.1 gives to a node: str, bool, int, float or null."""
    return str(node.tag).removeprefix(_PREFIX)


def read_scalar(node: yaml.ScalarNode) -> Any:
    """Give the value of a scalar as JSON knows it; dates stay text.

    Raises Trap for a scalar whose meaning depends on the reader.
    """
    kind, text = kind_of(node), str(node.value)
    if kind in {"str", "timestamp", "value"}:
        return text
    if kind == "null":
        return None
    if kind == "bool":
        return _boolean(text)
    if kind in {"int", "float"}:
        return _number(text)
    raise Trap(f"the tag {node.tag} is not known here", "remove the tag")


def read_key(node: yaml.Node) -> str:
    """Give a key, which must be text.

    Raises Trap for anything else, also for merge keys.
    """
    if not isinstance(node, yaml.ScalarNode):
        raise Trap("a key must be text", "write a plain word as the key")
    kind, text = kind_of(node), str(node.value)
    if kind == "merge":
        cure = "write the keys out; for another mode of the driver use variants"
        raise Trap("merge keys (<<) are not part of YAML 1.2", cure)
    if kind != "str":
        raise Trap(f"the key {text!r} reads as {kind}, not as text", f"quote it: '{text}'")
    return text


def _boolean(text: str) -> bool:
    if text.lower() in _BOOLEANS:
        return _BOOLEANS[text.lower()]
    meant = "true" if text.lower() in {"on", "yes"} else "false"
    what = f"{text!r} is a boolean in YAML 1.1 and text in YAML 1.2"
    raise Trap(what, f"write {meant}, or '{text}' if the word is meant")


def _number(text: str) -> float:
    if _INTEGER.fullmatch(text):
        return int(text)
    if _HEXADECIMAL.fullmatch(text):
        return int(text, 16)
    if _FRACTION.fullmatch(text):
        return float(text)
    what = f"{text!r} is one number in YAML 1.1 and another, or none, in YAML 1.2 or JSON"
    raise Trap(what, f"write it as a plain decimal number, or '{text}' if text is meant")
