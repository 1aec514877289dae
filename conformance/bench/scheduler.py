"""We as the scheduler: allocates claims from the published slices, or as a fault test dictates."""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from drawplate.conformance.bench.allocated import allocation
from drawplate.conformance.bench.allocation import Pick, Search, Variant, variants_of
from drawplate.conformance.bench.claims import AllocatedDevice, allocation_of
from drawplate.conformance.bench.nodes import NodeFacts
from drawplate.conformance.bench.pools import Device, DeviceKey, Pool, gather
from drawplate.conformance.bench.selectors import Selectors, selectors
from drawplate.conformance.bench.usage import Usage, share
from drawplate.conformance.problems import Inconclusive
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.kubewatch import Object, Selection
from drawplate.fixtures.waiting import NotInTime

API_VERSION = "resource.k8s.io/v1"
CLAIM = "ResourceClaim"
# What `devices=` may name: a device by its name, by its key, or as an allocation has it.
Named = str | DeviceKey | AllocatedDevice


class Scheduler:
    """Writes allocations for one node and, unless told otherwise, one driver.

    Claims are dicts; each method that changes one gives the new object.
    """

    def __init__(
        self,
        api: KubeApi,
        driver: str,
        node: str,
        *,
        evaluate: Selectors | None = None,
    ) -> None:
        self.api = api
        self.driver = driver
        self.node = node
        self._selectors = evaluate or selectors()

    # Objects.

    def device_class(
        self, name: str, *, expression: str = "", config: Sequence[Mapping[str, Any]] = ()
    ) -> Object:
        """Create a DeviceClass; by default it selects all devices of the driver."""
        selector = expression or f'device.driver == "{self.driver}"'
        spec: Object = {"selectors": [{"cel": {"expression": selector}}]}
        if config:
            spec["config"] = list(config)
        return self.api.create(_object("DeviceClass", name, spec))

    def claim(
        self,
        namespace: str,
        requests: Iterable[Mapping[str, Any]],
        *,
        name: str = "",
        **more: Sequence[Mapping[str, Any]],
    ) -> Object:
        """Create a ResourceClaim; `more` may be `config` and `constraints`."""
        spec = {"devices": {"requests": list(requests)} | more}
        body = _object(CLAIM, name or f"claim-{uuid.uuid4().hex[:8]}", spec)
        return self.api.create(body, namespace)

    # What is published.

    def slices(self, budget: float = 30.0) -> Sequence[Object]:
        """Give the driver's slices as soon as its pools on this node are complete.

        Raises Inconclusive after `budget` seconds.
        """
        node = self.facts()

        def complete(found: Sequence[Object]) -> bool:
            pools = gather(found, node)
            return bool(pools) and all(pool.complete for pool in pools)

        selection = Selection(fields=f"spec.driver={self.driver}")
        try:
            return self.api.wait("ResourceSlice", complete, budget, selection, "complete pools")
        except NotInTime as late:
            raise Inconclusive(f"driver {self.driver!r} on {self.node}: {late}") from late

    def pools(self) -> list[Pool]:
        """Give the pools of all drivers that the node reaches at this moment."""
        return gather(self.api.list("ResourceSlice"), self.facts())

    def devices(self) -> list[Device]:
        """Give the driver's devices that could be allocated at this moment, in their order."""
        mine = [pool for pool in self.pools() if pool.driver == self.driver and pool.complete]
        return [device for pool in mine for device in pool.devices]

    # Allocations.

    def allocate(
        self,
        claim: Mapping[str, Any],
        *,
        devices: Sequence[Named] | None = None,
        pod: Mapping[str, Any] | None = None,
    ) -> Object:
        """Allocate a claim and reserve it for a pod (a made-up one by default).

        With `devices` exactly these are written, whoever has them and whatever the request says:
        they go to the requests in order, as many as each asks for, or to the request that an
        AllocatedDevice names. A claim that is allocated already is deallocated first.
        Raises Inconclusive when there are no devices for the claim.
        """
        if allocation_of(claim):
            claim = self.deallocate(claim)
        picks = self._search(claim) if devices is None else self._dictated(claim, devices)
        status = {
            "allocation": allocation(claim, picks, self.node),
            "reservedFor": [consumer(pod or made_up_pod(claim))],
        }
        return self._patch(claim, status)

    def write(self, claim: Mapping[str, Any], allocation: Mapping[str, Any] | None) -> Object:
        """Write an allocation as it is, for tests that change what a scheduler would write."""
        return self._patch(claim, {"allocation": allocation})

    def deallocate(self, claim: Mapping[str, Any]) -> Object:
        """Take back reservation and allocation, as when the last pod is gone."""
        return self._patch(claim, {"reservedFor": None, "allocation": None, "devices": None})

    def reserve(self, claim: Mapping[str, Any], *pods: Mapping[str, Any]) -> Object:
        """Let these pods use the claim, and no others."""
        return self._patch(claim, {"reservedFor": [consumer(pod) for pod in pods] or None})

    def usage(self) -> Usage:
        """Give what all claims of the cluster have of the devices."""
        return Usage.of(self.api.list(CLAIM))

    def _patch(self, claim: Mapping[str, Any], status: Mapping[str, Any]) -> Object:
        meta = claim["metadata"]
        return self.api.patch_status(CLAIM, meta["name"], status, meta["namespace"])

    def facts(self) -> NodeFacts:
        """Give what selectors can ask of the node."""
        node = self.api.find("Node", self.node) or {"metadata": {}}
        return NodeFacts(self.node, node["metadata"].get("labels") or {})

    def _find_class(self, name: str) -> Object:
        found = self.api.find("DeviceClass", name)
        if found is None:
            raise Inconclusive(f"DeviceClass {name!r} does not exist")
        return found

    def _search(self, claim: Mapping[str, Any]) -> list[Pick]:
        pools = self.pools()
        search = Search(pools, self.usage(), self._selectors, self._find_class, claim)
        picks = search.solve()
        if picks is None:
            there = [
                f"{p.driver}/{p.name}: {p.problem or f'{len(p.devices)} devices'}" for p in pools
            ]
            name = claim["metadata"]["name"]
            raise Inconclusive(
                f"no devices for claim {name!r}; pools: {'; '.join(there) or 'none'}"
            )
        return picks

    def _dictated(self, claim: Mapping[str, Any], devices: Sequence[Named]) -> list[Pick]:
        published = {device.key: device for pool in self.pools() for device in pool.devices}
        variants = {}
        for request in claim["spec"]["devices"]["requests"]:
            for variant in variants_of(request, self._find_class)[:1]:
                variants[variant.base] = variant
        order = [v for v in variants.values() for _ in range(v.spec.get("count", 1))]
        picks = []
        for place, named in enumerate(devices):
            variant = order[min(place, len(order) - 1)]
            if isinstance(named, AllocatedDevice):
                variant = variants.get(named.request.partition("/")[0], variant)
            picks.append(_pick(variant, self._device(named, published)))
        return picks

    def _device(self, named: Named, published: Mapping[DeviceKey, Device]) -> Device:
        if isinstance(named, str):
            found = [
                d
                for key, d in published.items()
                if (key.driver, key.device) == (self.driver, named)
            ]
            if not found:
                raise Inconclusive(f"driver {self.driver!r} publishes no device {named!r}")
            return found[0]
        key = (
            named
            if isinstance(named, DeviceKey)
            else DeviceKey(named.driver, named.pool, named.device)
        )
        # A device that nobody publishes is a fair fault: it was unplugged after the allocation.
        local = {"metadata": {"name": ""}, "spec": {"nodeName": self.node}}
        return published.get(key, Device(key, {"name": key.device}, local))


def made_up_pod(claim: Mapping[str, Any]) -> dict[str, str]:
    """Give a reference to a pod that does not exist; the API server does not look."""
    meta = claim["metadata"]
    return {
        "namespace": meta["namespace"],
        "name": f"user-{meta['name']}",
        "uid": str(uuid.uuid4()),
    }


def consumer(pod: Mapping[str, Any]) -> dict[str, str]:
    """Give the entry of `status.reservedFor` for a Pod object or a reference to one."""
    meta = pod.get("metadata", pod)
    return {"resource": "pods", "name": meta["name"], "uid": meta["uid"]}


def _object(kind: str, name: str, spec: Mapping[str, Any]) -> Object:
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _pick(variant: Variant, device: Device) -> Pick:
    if not device.shareable:
        return Pick(variant, device)
    taken = share(device, variant.capacity, Usage()) or {}
    return Pick(variant, device, taken, str(uuid.uuid4()))
