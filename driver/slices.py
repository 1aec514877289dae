"""Keeps this node's ResourceSlices as they must be, whoever deletes, edits or adds to them."""

import json
import logging
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from drawplate.driver.api import Api, ApiError
from drawplate.driver.metrics import Metrics
from drawplate.driver.pace import Backoff, Pace
from drawplate.driver.pool import Plan, Pool, Slice, Spec, compare

_log = logging.getLogger(__name__)

PATH = "/apis/resource.k8s.io/v1/resourceslices"

# As often as the kubelet's own helper synchronises when all is lost. Seconds.
LONGEST_BACKOFF = 30.0

# The API server appends five characters; names have 253 at most.
_MAX_PREFIX = 247

# Written until the Node exists and can own the slices. Seconds.
_OWNER_RETRY = 10.0


class Publisher:
    """Compares slices with devices whenever either changes, and writes only what differs."""

    def __init__(
        self,
        api: Callable[[], Api],
        pool: Pool,
        devices: Callable[[], Sequence[Mapping[str, Any]]],
        metrics: Metrics,
    ) -> None:
        self._api = api
        self._pool = pool
        self._devices = devices
        self._metrics = metrics
        self._wake = threading.Event()
        self._pace = Pace(burst=10, seconds=5.0)
        self._generation = 0
        self._known: dict[str, str] = {}
        # What the server made of a spec that it did not store as sent (fields behind a gate).
        # Grows with the inventories of one process only, and only on such servers.
        self._accepted: dict[str, Spec] = {}
        # Field selectors of slices that may be in the way; the second needs Kubernetes 1.37.
        self.selectors = [
            f"spec.driver={pool.driver},spec.nodeName={pool.node}",
            f"spec.driver={pool.driver},spec.pool.name={pool.node}",
        ]

    def wake(self) -> None:
        """Ask for a comparison."""
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Compare when asked, until `stop` is set and `wake` called."""
        backoff = Backoff(0.5, LONGEST_BACKOFF)
        pause: float | None = None
        self.wake()
        while not stop.is_set():
            self._wake.wait(pause)
            stop.wait(self._pace.delay())
            if stop.is_set():
                return
            self._wake.clear()
            try:
                pause = self.reconcile()
                backoff.succeed()
            except ApiError as error:
                seconds = backoff.fail(error.retry_after)
                self._report(error, seconds)
                stop.wait(seconds)
                self.wake()

    def watch(self, selector: str, stop: threading.Event) -> None:
        """Ask for a comparison whenever a slice of `selector` was changed by someone else."""
        backoff = Backoff(0.5, LONGEST_BACKOFF)
        while not stop.is_set():
            try:
                events = self._api().watch(PATH, {"fieldSelector": selector})
                # What happened while nobody watched is found by comparing.
                self.wake()
                backoff.succeed()
                for event in events:
                    if self.is_news(event):
                        self.wake()
            except ApiError as error:
                if error.status == HTTPStatus.BAD_REQUEST:
                    _log.info("the server does not know a selector", extra={"selector": selector})
                    return
                _log.warning("watch failed", extra={"selector": selector, "error": str(error)})
                stop.wait(backoff.fail(error.retry_after))

    def is_news(self, event: Mapping[str, Any]) -> bool:
        """Tell whether an event shows anything but what the last comparison knew or wrote."""
        if event["type"] == "BOOKMARK":
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
        return None if owner else _OWNER_RETRY

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
        return list(found.values())

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
                if one["spec"]["pool"]["name"] == self._pool.node:
                    least = max(least, one["spec"]["pool"].get("generation", 0) + 1)
        return least

    def _carry_out(self, plan: Plan, owner: Mapping[str, Any] | None) -> Iterator[tuple[str, str]]:
        for number, spec in plan.create:
            prefix = f"{number:05x}-{self._pool.driver}-{self._pool.node}"[:_MAX_PREFIX]
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

    def _delete(self, one: Slice) -> None:
        metadata = one["metadata"]
        conditions = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        self._api().delete(f"{PATH}/{metadata['name']}", {"preconditions": conditions})
        self._metrics.count("slice_writes", "delete")

    def _owner(self) -> Mapping[str, Any] | None:
        try:
            node = self._api().get(f"/api/v1/nodes/{self._pool.node}")
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            _log.warning("the Node does not exist yet, so it cannot own the slices")
            return None
        return {
            "apiVersion": "v1",
            "kind": "Node",
            "name": self._pool.node,
            "uid": node["metadata"]["uid"],
            "controller": True,
        }

    def _report(self, error: ApiError, seconds: float) -> None:
        self._metrics.count("slice_failures", str(error.status))
        level = logging.INFO if error.status == HTTPStatus.CONFLICT else logging.ERROR
        _log.log(level, "slices not right yet", extra={"error": str(error), "again_in": seconds})


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
