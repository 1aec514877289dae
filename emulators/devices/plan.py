"""The device nodes that a node has, planned from its state alone: nothing is made here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Protocol

from drawplate.emulators.devices import amd, drm, intel, nvidia, vfio
from drawplate.emulators.devices.node_plan import NodePlan
from drawplate.emulators.state.device import NODE

if TYPE_CHECKING:
    from drawplate.emulators.state.change import CallRule
    from drawplate.emulators.state.model import State

# Paths whose nodes are to be the null device, so that programs can open them.
OPENABLE = "devices.null"
_NULL = (1, 3)
# Major 60 is for local use (devices.txt) and has no driver: opening it answers ENXIO.
_NOBODY = (60, 0)


class Family(Protocol):
    """A module that knows the nodes of some devices."""

    # Keys of the state that make them differ.
    STRUCTURE: frozenset[str]

    def nodes(self, state: "State") -> Iterator[NodePlan]:
        """Give the nodes that there should be."""


# Other packages append theirs when they attach.
FAMILIES: list[Family] = [nvidia, drm, amd, intel, vfio]


@dataclass(frozen=True, slots=True)
class Plan:
    """What should be below /dev: nodes by path, and links with their targets."""

    nodes: Mapping[str, NodePlan] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)


def true_nodes(state: "State") -> dict[str, NodePlan]:
    """Give the nodes by path, before anything is made openable or a call rule applies."""
    return {node.path: node for family in FAMILIES for node in family.nodes(state)}


def plan(state: "State") -> Plan:
    """Give what should be below /dev now, with what call rules make of it."""
    found = true_nodes(state)
    globs = state.device(NODE)[OPENABLE]
    shown = {}
    for path, node in found.items():
        one = _as_null(node) if any(fnmatchcase(path, glob) for glob in globs) else node
        ruled = _ruled(one, state.call_rules)
        if ruled is not None:
            shown[path] = ruled
    links = {link: target for link, target in drm.links(state) if _leads(link, target, shown)}
    return Plan(shown, links)


def structure() -> frozenset[str]:
    """Give the keys of the state that can make the plan differ."""
    return frozenset({OPENABLE}).union(*(family.STRUCTURE for family in FAMILIES))


def _as_null(node: NodePlan) -> NodePlan:
    major, minor = _NULL
    return replace(node, major=major, minor=minor)


def _ruled(node: NodePlan, rules: "tuple[CallRule, ...]") -> NodePlan | None:
    for rule in rules:
        fits = fnmatchcase(node.path, rule.call.removeprefix("/dev/").lstrip("/"))
        if rule.surface != "dev" or not fits or rule.device not in {None, node.device}:
            continue
        if rule.result == "ENOENT":
            return None
        if rule.result in {"EACCES", "EPERM"}:
            return replace(node, mode=0)
        if rule.result:
            return replace(node, major=_NOBODY[0], minor=_NOBODY[1])
    return node


def _leads(link: str, target: str, nodes: Mapping[str, NodePlan]) -> bool:
    folder = link.rpartition("/")[0].rpartition("/")[0]
    return f"{folder}/{target.removeprefix('../')}" in nodes
