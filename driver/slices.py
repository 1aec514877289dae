"""Keeps a pool's ResourceSlices as they must be, whoever deletes, edits or adds to them."""

import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from drawplate.driver.api import Api, ApiError
from drawplate.driver.metrics import Metrics
from drawplate.driver.owner import Owner
from drawplate.driver.pool import Plan, Pool, Slice, Spec, compare
from drawplate.driver.reconciling import Reconciler

_log = logging.getLogger(__name__)

PATH = "/apis/resource.k8s.io/v1/resourceslices"

# The API server appends five characters; names have 253 at most.
_MAX_PREFIX = 247

# Written until the owner exists and can own the slices. Seconds.
_OWNER_RETRY = 10.0


class Publisher(Reconciler):
    """Compares slices with devices whenever either changes, and writes only what differs."""

    def __init__(
        self,
        api: Callable[[], Api],
        pool: Pool,
        devices: Callable[[], Sequence[Mapping[str, Any]]],
        metrics: Metrics,
        owner: Owner | None = None,
    ) -> None:
        super().__init__(api, PATH, metrics)
        self._pool = pool
        self._devices = devices
        self._owned_by = owner
        self._generation = 0
        self._known: dict[str, str] = {}
        # What the server made of a spec that it did not store as sent (fields behind a gate).
        # Grows with the inventories of one process only, and only on such servers.
        self._accepted: dict[str, Spec] = {}
        self.selectors = _selectors(pool)

    def is_news(self, event: Mapping[str, Any]) -> bool:
        """Tell whether an event shows anything but what the last comparison knew or wrote."""
        if event["type"] == "BOOKMARK" or not self._pool.concerns(event["object"]):
            return False
        # A slice may be deleted before the comparison that created it has noted it as known.
        if event["type"] == "DELETED":
            return True
        metadata = event["object"]["metadata"]
        return bool(self._known.get(metadata["name"]) != metadata["resourceVersion"])

    def reconcile(self) -> float | None:
        """Make the slices right; give seconds after which to look again, or None. Raises ApiError."""
        found = self.find()
        owner = self._owner()
        strangers = [one for one in found if not self._pool.owns(one)]
        self._generation = max(self._generation, self._expel(strangers))
        plan = compare(
            self._pool,
            self._devices(),
            found,
            generation=self._generation,
            is_right=lambda one, spec: self.is_right(one, spec, owner),
        )
        known = {
            one["metadata"]["name"]: one["metadata"]["resourceVersion"]
            for one in found
            if self._pool.owns(one)
        }
        known.update(self._carry_out(plan, owner))
        self._known = known
        self._generation = plan.generation
        if strangers or not plan.empty:
            self._pace.spend()
        return None if owner or not self._owned_by else _OWNER_RETRY

    def find(self) -> list[Slice]:
        """Give all slices that are this pool's or in its way."""
        found: dict[str, Slice] = {}
        for selector in list(self.selectors):
            try:
                listed = self._api().get(PATH, query={"fieldSelector": selector})
            except ApiError as error:
                if error.status != HTTPStatus.BAD_REQUEST or selector == self.selectors[0]:
                    raise
                self.selectors.remove(selector)
                continue
            found.update((one["metadata"]["name"], one) for one in listed.get("items") or ())
        return [one for one in found.values() if self._pool.concerns(one)]

    def is_right(self, found: Slice, spec: Spec, owner: Mapping[str, Any] | None) -> bool:
        """Tell whether a slice has the spec, as far as the server stores it, and its owner."""
        owners = found["metadata"].get("ownerReferences", [])
        stored = found["spec"]
        same = stored in (spec, self._accepted.get(_key(spec)))
        return same and (owner is None or owner in owners)

    def _expel(self, strangers: Sequence[Slice]) -> int:
        """Delete slices that have no business here; give the generation that outbids the rest."""
        least = 0
        for one in strangers:
            try:
                self._delete(one)
                _log.warning("removed a foreign slice", extra={"slice": one["metadata"]["name"]})
            except ApiError as error:
                if error.status != HTTPStatus.FORBIDDEN:
                    raise
                # Slices of other nodes are not ours to delete, but theirs must not hide ours.
                if one["spec"]["pool"]["name"] == self._pool.name:
                    least = max(least, one["spec"]["pool"].get("generation", 0) + 1)
        return least

    def _carry_out(self, plan: Plan, owner: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
        for number, spec in plan.create:
            # Pools without a node may have a path for a name.
            name = self._pool.name.replace("/", "-")
            prefix = f"{number:05x}-{self._pool.driver}-{name}"[:_MAX_PREFIX]
            metadata = {"generateName": prefix.rstrip("-.") + "-"}
            body = _body(metadata, spec, owner)
            yield self._stored("create", self._api().create(PATH, body), spec)
        for one, spec in plan.replace:
            body = _body(one["metadata"], spec, owner)
            path = f"{PATH}/{one['metadata']['name']}"
            yield self._stored("update", self._api().replace(path, body), spec)
        for one in plan.remove:
            self._delete(one)

    def _stored(self, kind: str, stored: Slice, spec: Spec) -> tuple[str, str]:
        name = stored["metadata"]["name"]
        self._metrics.count("slice_writes", kind)
        _log.info(
            "slice %sd", kind, extra={"slice": name, "generation": spec["pool"]["generation"]}
        )
        if stored["spec"] != spec:
            self._accepted[_key(spec)] = dict(stored["spec"])
            _log.error("the API server dropped or changed fields", extra={"slice": name})
        return name, stored["metadata"]["resourceVersion"]

    def _owner(self) -> Mapping[str, Any] | None:
        if self._owned_by is None:
            return None
        try:
            found = self._api().get(self._owned_by.path)
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            kind = self._owned_by.kind
            _log.warning("the %s does not exist yet, so it cannot own the slices", kind)
            return None
        return self._owned_by.reference(found)


def _selectors(pool: Pool) -> list[str]:
    """Give field selectors of slices that may be in the way; the last of a node needs 1.37."""
    of_driver = f"spec.driver={pool.driver}"
    if not pool.node:
        return [of_driver]
    return [f"{of_driver},spec.nodeName={pool.node}", f"{of_driver},spec.pool.name={pool.name}"]


def _body(metadata: Mapping[str, Any], spec: Spec, owner: Mapping[str, Any] | None) -> Slice:
    owned = {**metadata, "ownerReferences": [owner]} if owner else dict(metadata)
    return {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": owned,
        "spec": spec,
    }


def _key(spec: Spec) -> str:
    return json.dumps(spec, sort_keys=True)
