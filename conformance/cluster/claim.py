"""A ResourceClaim of a test, and the devices that the real scheduler gave it."""

from typing import Any

from drawplate.conformance.bench.claims import AllocatedDevice, results_of
from drawplate.conformance.bench.slice_view import SliceView
from drawplate.conformance.problems import Inconclusive
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.observation import expected_identities
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.waiting import NotInTime

Object = dict[str, Any]

# A claim is free when the controller has seen that its pods are gone (kubernetes v1.37
# pkg/controller/resourceclaim); seconds, before patience.
FREE_SECONDS = 60.0
NAMED = ("metadata.name", "In")


class Claim:
    """One claim by its name; a claim that a pod got from a template is one too."""

    def __init__(self, api: KubeApi, namespace: str, name: str, patience: float) -> None:
        """Name a claim that exists."""
        self._api = api
        self._patience = patience
        self.namespace = namespace
        self.name = name

    def object(self) -> Object:
        """Give the claim as it is. Raises Inconclusive when it is gone."""
        found = self._api.find("ResourceClaim", self.name, self.namespace)
        if found is None:
            raise Inconclusive(f"claim {self.name} is gone")
        return found

    @property
    def uid(self) -> str:
        """Give the claim's UID."""
        return str(self.object()["metadata"]["uid"])

    def results(self) -> tuple[AllocatedDevice, ...]:
        """Give the allocated devices. Raises Inconclusive when there are none."""
        found = results_of(self.object())
        if not found:
            raise Inconclusive(f"claim {self.name} is not allocated")
        return found

    def devices(self) -> frozenset[tuple[str, str]]:
        """Give pool and name of each allocated device."""
        return frozenset((one.pool, one.device) for one in self.results())

    def node_names(self) -> frozenset[str]:
        """Give the names of the nodes that the allocation is for, none when it is for others too.

        Only names are looked at: the scheduler selects nodes of slices with a name by it.
        """
        selector = self.object().get("status", {}).get("allocation", {}).get("nodeSelector") or {}
        terms = selector.get("nodeSelectorTerms", ())
        named = [_names(term) for term in terms]
        return frozenset().union(*named) if named and all(named) else frozenset()

    def becomes_free(self) -> bool:
        """Wait until the claim is not allocated any more, or gone; say whether it is."""
        budget = FREE_SECONDS * self._patience
        try:
            self._api.wait_for("ResourceClaim", self.name, _is_free, budget, self.namespace)
        except NotInTime:
            return False
        return True

    def expected(self, profile: Profile, slices: SliceView, request: str = "") -> frozenset[str]:
        """Give what must show in a container with the claim, or with one request of it."""
        entries: list[Object] = self.object()["status"]["allocation"]["devices"]["results"]
        chosen = [one for one in entries if request in {"", one["request"].partition("/")[0]}]
        return expected_identities(profile, slices.current(), chosen, claim=self.name)


def _names(term: Object) -> frozenset[str]:
    fields = term.get("matchFields", ())
    found = (one["values"] for one in fields if (one["key"], one["operator"]) == NAMED)
    return frozenset(next(found, ()))


def _is_free(claim: Object | None) -> bool:
    return claim is None or not claim.get("status", {}).get("allocation")
