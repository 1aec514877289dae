"""Chooses devices for the requests of a claim: the first solution, in the order of the pools."""

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drawplate.conformance.bench.pools import Device, Pool
from drawplate.conformance.bench.selectors import Selectors
from drawplate.conformance.bench.usage import Usage, share

# resource.k8s.io/v1 AllocationResultsMaxSize.
MOST_RESULTS = 32
BLOCKING_EFFECTS = {"NoSchedule", "NoExecute"}
Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to satisfy a request: the request itself, or one of its subrequests."""

    request: str
    spec: Entry
    device_class: Entry

    @property
    def base(self) -> str:
        """The name of the request without the subrequest."""
        return self.request.partition("/")[0]

    @property
    def everything(self) -> bool:
        """Say whether all matching devices are wanted."""
        return bool(self.spec.get("allocationMode") == "All")

    @property
    def capacity(self) -> Mapping[str, str]:
        """The capacity that is wanted of each device, by name."""
        wanted: Mapping[str, str] = (self.spec.get("capacity") or {}).get("requests", {})
        return wanted

    @property
    def admin(self) -> bool:
        """Say whether it is for admin access, which leaves devices to others."""
        return bool(self.spec.get("adminAccess"))


@dataclass(frozen=True, slots=True)
class Pick:
    """A device for a request; `capacity` is what a share takes, None for a whole device."""

    variant: Variant
    device: Device
    capacity: Mapping[str, str] | None = None
    share_id: str = ""


class _Impossible(Exception):
    """All devices are wanted and a constraint excludes one: nothing else is tried."""


@dataclass(frozen=True, slots=True)
class Search:
    """Looks for devices for one claim: requests in order, first fit, with backtracking.

    Rules of k8s.io/dynamic-resource-allocation v0.37.2 structured/internal/incubating.
    `find_class` gives a DeviceClass by name.
    """

    pools: Sequence[Pool]
    usage: Usage
    selectors: Selectors
    find_class: Callable[[str], Entry]
    claim: Entry

    def solve(self) -> list[Pick] | None:
        """Give the picks, or None when the claim cannot be allocated now."""
        variants = [
            one for entry in self._requests() for one in variants_of(entry, self.find_class)
        ]
        if any(one.everything for one in variants) and not all(p.complete for p in self.pools):
            # What "all" means is not known while any pool is changing.
            return None
        try:
            return next(self._from(0, []), None)
        except _Impossible:
            return None

    def _requests(self) -> Sequence[Entry]:
        requests: Sequence[Entry] = self.claim["spec"]["devices"]["requests"]
        return requests

    def _from(self, index: int, picks: list[Pick]) -> Iterator[list[Pick]]:
        if index == len(self._requests()):
            yield picks
            return
        for variant in variants_of(self._requests()[index], self.find_class):
            candidates = list(self._candidates(variant))
            count = len(candidates) if variant.everything else variant.spec.get("count", 1)
            if not count or len(picks) + count > MOST_RESULTS:
                continue
            for chosen in self._combine(variant, candidates, count, picks):
                yield from self._from(index + 1, chosen)

    def _combine(
        self,
        variant: Variant,
        candidates: Sequence[tuple[Pool, Device]],
        count: int,
        picks: list[Pick],
    ) -> Iterator[list[Pick]]:
        if count == 0:
            yield picks
            return
        for place, (pool, device) in enumerate(candidates[: len(candidates) - count + 1]):
            pick = self._pick(variant, pool, device, picks)
            if pick:
                rest = candidates[place + 1 :]
                yield from self._combine(variant, rest, count - 1, [*picks, pick])

    def _candidates(self, variant: Variant) -> Iterator[tuple[Pool, Device]]:
        expressions = [
            one["cel"]["expression"]
            for owner in (variant.device_class["spec"], variant.spec)
            for one in owner.get("selectors", ())
        ]
        for pool in self.pools:
            for device in pool.devices if pool.complete else ():
                # "All" leaves out devices that never have the capacity; others make it fail.
                small = variant.everything and share(device, variant.capacity, Usage()) is None
                if not small and all(self.selectors.matches(one, device) for one in expressions):
                    yield pool, device

    def _pick(
        self, variant: Variant, pool: Pool, device: Device, picks: Sequence[Pick]
    ) -> Pick | None:
        usage = self._usage_with(picks)
        same_claim = {pick.device.key for pick in picks if not pick.share_id}
        taken = device.key in same_claim or (not variant.admin and device.key in usage.exclusive)
        picked = [pick.device for pick in picks]
        if taken or not self.usage.leaves_counters(device, pool, picked):
            return None
        if not _tolerated(device, variant):
            return None
        if not self._constraints_hold([*picks, Pick(variant, device)]):
            if variant.everything:
                raise _Impossible
            return None
        capacity = share(device, variant.capacity, usage)
        if capacity is None or not device.shareable:
            return None if capacity is None else Pick(variant, device)
        return Pick(variant, device, capacity, str(uuid.uuid4()))

    def _usage_with(self, picks: Sequence[Pick]) -> Usage:
        usage = self.usage
        for pick in picks:
            # Inside one claim the shares of admin access count too.
            if pick.share_id or not pick.variant.admin:
                usage = usage.with_result(result_of(pick))
        return usage

    def _constraints_hold(self, picks: Sequence[Pick]) -> bool:
        for constraint in self.claim["spec"]["devices"].get("constraints", ()):
            named = set(constraint.get("requests", ()))
            concerned = [
                p for p in picks if not named or named & {p.variant.base, p.variant.request}
            ]
            match, distinct = constraint.get("matchAttribute"), constraint.get("distinctAttribute")
            values = [pick.device.attribute(match or distinct) for pick in concerned]
            different = {repr(value) for value in values}
            if None in values or (match and len(different) > 1):
                return False
            if distinct and len(different) < len(values):
                return False
        return True


def variants_of(request: Entry, find_class: Callable[[str], Entry]) -> list[Variant]:
    """Give the ways to satisfy a request, in the order in which they are tried."""
    name = request["name"]
    if "exactly" in request:
        spec = request["exactly"]
        return [Variant(name, spec, find_class(spec["deviceClassName"]))]
    return [
        Variant(f"{name}/{one['name']}", one, find_class(one["deviceClassName"]))
        for one in request["firstAvailable"]
    ]


def result_of(pick: Pick) -> dict[str, Any]:
    """Give the entry of `status.allocation.devices.results`."""
    entry, spec = pick.device.entry, pick.variant.spec
    optional = {
        "adminAccess": pick.variant.admin or None,
        "tolerations": spec.get("tolerations"),
        "shareID": pick.share_id or None,
        "consumedCapacity": pick.capacity or None,
        "bindingConditions": entry.get("bindingConditions"),
        "bindingFailureConditions": entry.get("bindingFailureConditions"),
        "skipNodeOperations": pick.device.slice["spec"].get("skipNodeOperations"),
    }
    key = pick.device.key
    named = {"request": pick.variant.request, "driver": key.driver, "pool": key.pool}
    return named | {"device": key.device} | {k: v for k, v in optional.items() if v}


def _tolerated(device: Device, variant: Variant) -> bool:
    tolerations = variant.spec.get("tolerations", ())
    return all(
        any(_tolerates(one, taint) for one in tolerations)
        for taint in device.entry.get("taints", ())
        if taint["effect"] in BLOCKING_EFFECTS
    )


def _tolerates(toleration: Entry, taint: Entry) -> bool:
    # k8s.io/dynamic-resource-allocation v0.37.2 resourceclaim/devicetoleration.go.
    if toleration.get("effect", "") not in {"", taint["effect"]}:
        return False
    if toleration.get("key", "") not in {"", taint["key"]}:
        return False
    if toleration.get("operator") == "Exists":
        return True
    return bool(toleration.get("value", "") == taint.get("value", ""))
