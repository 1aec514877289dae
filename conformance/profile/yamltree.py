"""A YAML file as plain data that remembers the line of every value."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from drawplate.conformance.profile.findings import Finding, KeyPath, refuse
from drawplate.conformance.profile.scalars import Trap, read_key, read_scalar

_CURE_FILE = "check the path and its permissions; `drawplate profile ls` lists the shipped profiles"
_CURE_SYNTAX = "mend the YAML: two spaces for each level, no tabs, quotes around text with : or #"


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value stands in its file, and how it is written there when it is a scalar."""

    line: int
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """A YAML document as plain data, with the spot of every value; for keys, the key's line."""

    data: Any
    spots: dict[KeyPath, Spot] = field(default_factory=dict)

    def spot(self, path: KeyPath) -> Spot:
        """Give the spot of a value; of its nearest parent when it is not there."""
        while path and path not in self.spots:
            path = path[:-1]
        return self.spots.get(path, Spot(1))


def read_text(file: Path) -> str:
    """Read the text of a profile; raises SetupProblem when that fails."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        finding = Finding(f"the profile is not UTF-8 text: {error.reason}", _CURE_FILE)
        raise refuse(file, [finding]) from error
    except OSError as error:
        finding = Finding(f"the profile cannot be read: {error.strerror}", _CURE_FILE)
        raise refuse(file, [finding]) from error


def parse(text: str, file: Path) -> Tree:
    """Read one YAML document; `file` is named in messages.

    Raises SetupProblem with every finding: wrong syntax, a key that stands twice, a value that
    YAML 1.1 and 1.2 read differently.
    """
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        what = f"this is not one YAML document: {error.problem or error.context}"
        line = mark.line + 1 if mark else 0
        raise refuse(file, [Finding(what, _CURE_SYNTAX, line)]) from error
    except yaml.YAMLError as error:
        raise refuse(file, [Finding(f"this is not YAML: {error}", _CURE_SYNTAX)]) from error
    reader = _Reader()
    tree = Tree(None if root is None else reader.plain(root, ()), reader.spots)
    if reader.findings:
        raise refuse(file, reader.findings)
    return tree


class _Reader:
    """Turns nodes into plain data and gathers what is wrong with them."""

    def __init__(self) -> None:
        self.spots: dict[KeyPath, Spot] = {}
        self.findings: list[Finding] = []
        self._open: set[int] = set()

    def plain(self, node: yaml.Node, path: KeyPath) -> Any:
        """Give the data of `node`, which stands at `path`."""
        line = node.start_mark.line + 1
        self.spots.setdefault(path, Spot(line))
        if isinstance(node, yaml.ScalarNode):
            self.spots[path] = Spot(self.spots[path].line, node.value)
            return self._scalar(node, path, line)
        if id(node) in self._open:
            self._note(Trap("a part holds itself through an alias", "write it out"), path, line)
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self._mapping(node, path)
            return [self.plain(item, (*path, index)) for index, item in enumerate(node.value)]
        finally:
            self._open.remove(id(node))

    def _scalar(self, node: yaml.ScalarNode, path: KeyPath, line: int) -> Any:
        try:
            return read_scalar(node)
        except Trap as trap:
            self._note(trap, path, line)
            return node.value

    def _mapping(self, node: yaml.MappingNode, path: KeyPath) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            try:
                key = read_key(key_node)
                if key in found:
                    first = self.spots[*path, key].line
                    what = f"the key {key!r} stands twice, first in line {first}"
                    # One place notes every trap of a mapping.
                    raise Trap(what, "keep one of them")  # noqa: TRY301
            except Trap as trap:
                self._note(trap, path, line)
                continue
            self.spots[*path, key] = Spot(line)
            found[key] = self.plain(value_node, (*path, key))
        return found

    def _note(self, trap: Trap, path: KeyPath, line: int) -> None:
        self.findings.append(Finding(trap.what, trap.cure, line, path))
