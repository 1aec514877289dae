"""The Kubernetes objects that cluster tests create, as dicts."""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml

from drawplate.conformance.problems import Inconclusive
from drawplate.conformance.profile.claims import ConfigCase, Need
from drawplate.conformance.profile.model import Profile

Object = dict[str, Any]

OURS = "drawplate.dev/run"
"""The label that all our objects carry; its value is the run's ID."""

LEASE = "drawplate.dev/lease"
"""The label of a test's namespace that tells the lease of the test."""

REQUEST_NAMES = ("first", "second", "third")
"""The names of a claim's requests, in order."""


@dataclass(frozen=True, slots=True)
class Use:
    """One entry of `resources.claims`: the pod's name for a claim, and one request of it or ""."""

    claim: str
    request: str = ""

    def entry(self) -> Object:
        """Give it as Kubernetes has it."""
        return {"name": self.claim} | ({"request": self.request} if self.request else {})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a claim asks for: one request for each need, in order.

    `selector` is a CEL expression that is added to every request; `config` an opaque
    configuration for all of them.
    """

    needs: Sequence[Need]
    selector: str = ""
    config: ConfigCase | None = None


def claim_spec(profile: Profile, wanted: Wanted) -> Object:
    """Give the spec of a ResourceClaim. Raises Inconclusive when the driver cannot serve a need."""
    named = zip(wanted.needs, REQUEST_NAMES, strict=False)
    requests = [_request(profile, need, name, wanted.selector) for need, name in named]
    devices: Object = {"requests": requests}
    if wanted.config:
        opaque = {
            "driver": profile.driver.name,
            "parameters": copy.deepcopy(wanted.config.parameters),
        }
        devices["config"] = [{"opaque": opaque}]
    return {"devices": devices}


def _request(profile: Profile, need: Need, name: str, selector: str) -> Object:
    found = profile.request(need)
    if found is None:
        raise Inconclusive(f"the profile has no request for the need {need!r}")
    request: Object = {"name": name} | copy.deepcopy(found.request)
    if selector:
        for part in [request["exactly"]] if "exactly" in request else request["firstAvailable"]:
            part.setdefault("selectors", []).append({"cel": {"expression": selector}})
    return request


def claim(name: str, namespace: str, spec: Mapping[str, Any]) -> Object:
    """Give a ResourceClaim."""
    return _skeleton("claim") | {"metadata": _meta(name, namespace), "spec": dict(spec)}


def template(name: str, namespace: str, spec: Mapping[str, Any]) -> Object:
    """Give a ResourceClaimTemplate."""
    inner = {"spec": dict(spec)}
    return _skeleton("template") | {"metadata": _meta(name, namespace), "spec": inner}


def namespace(prefix: str, run: str, lease: int = 0) -> Object:
    """Give a Namespace that is labelled as ours; the API server completes its name."""
    labels = {OURS: run, LEASE: str(lease)}
    return _skeleton("namespace") | {"metadata": {"generateName": prefix, "labels": labels}}


def container(name: str, uses: Iterable[Use], *, hold: bool = True) -> Object:
    """Give a container with the probe; without `hold` it prints what it sees and ends."""
    found = _skeleton("container") | {"name": name, "args": ["hold"] if hold else []}
    entries = [use.entry() for use in uses]
    return found | ({"resources": {"claims": entries}} if entries else {})


@dataclass(frozen=True, slots=True)
class PodSpec:
    """The parts of a pod that tests choose: entries of its spec, and the nodes it may run on.

    `image` is where the probe's image can be pulled; without it the nodes must have it.
    """

    nodes: Sequence[str]
    claims: Sequence[Object]
    containers: Sequence[Object]
    init: Sequence[Object] = ()
    image: str = ""


def pod(name: str, namespace: str, wanted: PodSpec) -> Object:
    """Give a pod."""
    found = _skeleton("pod") | {"metadata": _meta(name, namespace)}
    found["spec"] |= {
        "affinity": {"nodeAffinity": _only(wanted.nodes)},
        "resourceClaims": list(wanted.claims),
        "containers": [_pulled(one, wanted.image) for one in wanted.containers],
        "initContainers": [_pulled(one, wanted.image) for one in wanted.init],
    }
    return found


def _pulled(container: Object, image: str) -> Object:
    return container | ({"image": image, "imagePullPolicy": "IfNotPresent"} if image else {})


def replicas(name: str, namespace: str, wanted: PodSpec) -> Object:
    """Give a ReplicaSet that keeps one such pod; its label `app` is the set's name."""
    labels = {"app": name}
    spec = pod(name, namespace, wanted)["spec"]
    return _skeleton("replicas") | {
        "metadata": _meta(name, namespace),
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def eviction(name: str, namespace: str) -> Object:
    """Give what is posted to a pod to have it evicted."""
    return _skeleton("eviction") | {"metadata": _meta(name, namespace)}


def _only(nodes: Sequence[str]) -> Object:
    # Any of the terms will do; one of them takes one name.
    terms = [
        {"matchFields": [{"key": "metadata.name", "operator": "In", "values": [node]}]}
        for node in nodes
    ]
    return {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}


def _meta(name: str, namespace: str) -> Object:
    return {"name": name, "namespace": namespace}


def _skeleton(name: str) -> Object:
    return copy.deepcopy(_skeletons()[name])


@cache
def _skeletons() -> dict[str, Object]:
    text = (files("drawplate.conformance.cluster") / "objects.yaml").read_text(encoding="utf-8")
    found: dict[str, Object] = yaml.safe_load(text)
    return found
