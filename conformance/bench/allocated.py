"""Writes down an allocation: results, configuration and node selector from chosen devices."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drawplate.conformance.bench.allocation import Pick, Variant, result_of

Entry = Mapping[str, Any]


def allocation(claim: Entry, picks: Sequence[Pick], node: str) -> dict[str, Any]:
    """Give `status.allocation` for picks on a node.

    Rules of k8s.io/dynamic-resource-allocation v0.37.2 structured/internal/incubating, Allocate.
    """
    devices: dict[str, Any] = {"results": [result_of(pick) for pick in picks]}
    config = _config(claim, picks)
    if config:
        devices["config"] = config
    selector = _node_selector(picks, node)
    return {"devices": devices} | ({"nodeSelector": selector} if selector else {})


def _config(claim: Entry, picks: Sequence[Pick]) -> list[dict[str, Any]]:
    spec = claim["spec"]["devices"]
    order = [request["name"] for request in spec["requests"]]
    # Every request has a pick; one variant of each was chosen.
    chosen = {pick.variant.base: pick.variant for pick in picks}
    variants = [chosen[name] for name in order if name in chosen]
    config = list(_class_config(variants))
    for entry in spec.get("config", ()):
        requests = entry.get("requests", [])
        if not requests or any({v.base, v.request} & set(requests) for v in variants):
            config.append({"source": "FromClaim"} | copy.deepcopy(dict(entry)))
    for entry in config:
        named = set(entry.get("requests", ()))
        if all({v.base, v.request} & named for v in variants):
            # Naming all requests is the same as naming none.
            entry.pop("requests", None)
    return config


def _class_config(variants: Iterable[Variant]) -> Iterable[dict[str, Any]]:
    by_class: dict[str, list[Variant]] = {}
    for variant in variants:
        by_class.setdefault(variant.device_class["metadata"]["name"], []).append(variant)
    for members in by_class.values():
        for entry in members[0].device_class["spec"].get("config", ()):
            requests = [variant.request for variant in members]
            yield {"source": "FromClass", "requests": requests} | copy.deepcopy(dict(entry))


def _node_selector(picks: Sequence[Pick], node: str) -> dict[str, Any] | None:
    expressions: list[Entry] = []
    fields: list[Entry] = []
    for pick in picks:
        spec = pick.device.slice["spec"]
        where = pick.device.entry if spec.get("perDeviceNodeSelection") else spec
        if where.get("nodeName") or pick.device.entry.get("bindsToNode"):
            only = {"key": "metadata.name", "operator": "In", "values": [node]}
            return {"nodeSelectorTerms": [{"matchFields": [only]}]}
        for term in (where.get("nodeSelector") or {}).get("nodeSelectorTerms", ()):
            expressions += [e for e in term.get("matchExpressions", ()) if e not in expressions]
            fields += [e for e in term.get("matchFields", ()) if e not in fields]
    term = {"matchExpressions": expressions} if expressions else {}
    term |= {"matchFields": fields} if fields else {}
    return {"nodeSelectorTerms": [term]} if term else None
