"""Whether a node selector, a slice or a device speaks of a given node."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class NodeFacts:
    """What selectors can ask of a node."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)


def reaches(spec: Mapping[str, Any], node: NodeFacts) -> bool:
    """Say whether the node reaches the devices of a slice's spec, or a single device's entry.

    Either has one of nodeName, allNodes and nodeSelector.
    """
    if spec.get("nodeName"):
        return bool(spec["nodeName"] == node.name)
    if spec.get("allNodes"):
        return True
    terms = (spec.get("nodeSelector") or {}).get("nodeSelectorTerms", ())
    return any(_term(term, node) for term in terms)


def concerns(spec: Mapping[str, Any], node: NodeFacts) -> bool:
    """Say whether a slice's spec has anything for the node: devices, or counters of such."""
    if spec.get("perDeviceNodeSelection"):
        devices = spec.get("devices", ())
        return not devices or any(reaches(device, node) for device in devices)
    return reaches(spec, node)


def _term(term: Mapping[str, Any], node: NodeFacts) -> bool:
    fields = {"metadata.name": node.name}
    wanted = [(one, fields) for one in term.get("matchFields", ())]
    wanted += [(one, dict(node.labels)) for one in term.get("matchExpressions", ())]
    return bool(wanted) and all(_requirement(one, values) for one, values in wanted)


def _requirement(one: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    value = values.get(one["key"])
    among: Sequence[str] = one.get("values", ())
    operator = one["operator"]
    if operator in {"Gt", "Lt"}:
        sign = 1 if operator == "Gt" else -1
        return value is not None and sign * int(value) > sign * int(among[0])
    meanings = {
        "In": value in among,
        "NotIn": value not in among,
        "Exists": value is not None,
        "DoesNotExist": value is None,
    }
    return meanings.get(operator, False)
