"""A request to a metadata server, and its answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asks: names of headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """The parts of the path."""
        return tuple(part for part in self.path.split("/") if part)


@dataclass(frozen=True, slots=True)
class Answer:
    """What it gets."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Declined(Exception):
    """A request that gets an error in place of a document."""

    def __init__(self, status: int, body: str = "") -> None:
        """Keep the answer."""
        super().__init__(f"{status} {body}")
        self.answer = plain(body, status)


def plain(text: str, status: int = 200, kind: str = "text/plain") -> Answer:
    """Answer with a text."""
    return Answer(status, text.encode(), {"Content-Type": kind})


def as_json(value: Any, status: int = 200) -> Answer:
    """Answer with JSON."""
    body = json.dumps(value, separators=(",", ":")).encode()
    return Answer(status, body, {"Content-Type": "application/json"})


def descend(tree: Any, names: tuple[str, ...]) -> Any:
    """Give what is below `tree`. Raises Declined(404) when there is nothing."""
    for name in names:
        if isinstance(tree, list) and name.isdecimal() and int(name) < len(tree):
            tree = tree[int(name)]
        elif isinstance(tree, dict) and name in tree:
            tree = tree[name]
        else:
            raise Declined(404)
    return tree
