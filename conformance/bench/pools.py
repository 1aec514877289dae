"""Pools of devices, put together from ResourceSlices as the real allocator does it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from drawplate.conformance.bench.nodes import NodeFacts, reaches

Slice = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DeviceKey:
    """What names a device in a cluster."""

    driver: str
    pool: str
    device: str

    def __str__(self) -> str:
        """Give driver/pool/device."""
        return f"{self.driver}/{self.pool}/{self.device}"


@dataclass(frozen=True, slots=True)
class Device:
    """A published device: its entry in the slice, and the slice."""

    key: DeviceKey
    entry: Mapping[str, Any]
    slice: Slice

    @property
    def name(self) -> str:
        """Its name in the pool."""
        return self.key.device

    @property
    def shareable(self) -> bool:
        """Say whether several claims may have it at once (consumable capacity)."""
        return bool(self.entry.get("allowMultipleAllocations"))

    def attribute(self, name: str) -> Any:
        """Give the value of a fully qualified attribute, or None.

        The driver may leave out its own name as the domain.
        """
        attributes = self.entry.get("attributes", {})
        domain, _, rest = name.rpartition("/")
        found = attributes.get(name)
        if found is None and domain == self.key.driver:
            found = attributes.get(rest)
        return next(iter(found.values()), None) if found else None


@dataclass(frozen=True, slots=True)
class Pool:
    """The highest generation of one pool, as far as one node can reach it.

    `problem` says why nothing can be allocated from it: slices are missing, or it contradicts
    itself; "" when it can be used. `counters` are the shared counters by set and name. With
    `binds` some device has binding conditions.
    """

    driver: str
    name: str
    generation: int
    devices: tuple[Device, ...]
    counters: Mapping[str, Mapping[str, str]]
    problem: str = ""
    binds: bool = False

    @property
    def complete(self) -> bool:
        """Say whether devices can be allocated from it."""
        return not self.problem


def gather(slices: Iterable[Slice], node: NodeFacts) -> list[Pool]:
    """Give the pools that `node` reaches, by driver and name; pools with binding conditions last.

    Rules of k8s.io/dynamic-resource-allocation v0.37.2 structured/internal/incubating: of each
    pool only the highest generation with anything for the node counts, and only when all its
    slices are there. The order of pools, slices (by name) and devices is the order in which
    devices are tried.
    """
    grouped: dict[tuple[str, str], list[Slice]] = {}
    for one in slices:
        spec = one["spec"]
        grouped.setdefault((spec["driver"], spec["pool"]["name"]), []).append(one)
    pools = []
    for (driver, name), members in sorted(grouped.items()):
        pool = _pool(driver, name, members, node)
        if pool:
            pools.append(pool)
    return sorted(pools, key=lambda pool: pool.binds)


def _pool(driver: str, name: str, slices: Sequence[Slice], node: NodeFacts) -> Pool | None:
    concerned = [one for one in slices if _concerns(one["spec"], node)]
    if not concerned:
        return None
    generation = max(_generation(one) for one in concerned)
    mine = sorted(
        (one for one in concerned if _generation(one) == generation),
        key=lambda one: str(one["metadata"]["name"]),
    )
    whole: Sequence[Slice] = mine
    if len(mine) != mine[0]["spec"]["pool"]["resourceSliceCount"]:
        if any(_generation(one) > generation for one in slices):
            return None  # The driver is replacing it, and the new one has nothing for this node.
        whole = [one for one in slices if _generation(one) == generation]
    counters = {
        counter["name"]: {key: one["value"] for key, one in counter.get("counters", {}).items()}
        for one in mine
        for counter in one["spec"].get("sharedCounters", ())
    }
    devices = tuple(_devices(driver, name, mine, node))
    entries = [entry for one in mine for entry in one["spec"].get("devices", ())]
    binds = any(entry.get("bindingConditions") for entry in entries)
    problem = _problem(mine, whole, counters)
    return Pool(driver, name, generation, devices, counters, problem, binds)


def _generation(one: Slice) -> int:
    return int(one["spec"]["pool"]["generation"])


def _concerns(spec: Mapping[str, Any], node: NodeFacts) -> bool:
    if spec.get("perDeviceNodeSelection"):
        return any(reaches(device, node) for device in spec.get("devices", ()))
    return bool(spec.get("sharedCounters")) or reaches(spec, node)


def _devices(driver: str, pool: str, slices: Iterable[Slice], node: NodeFacts) -> Iterable[Device]:
    for one in slices:
        spec = one["spec"]
        for entry in spec.get("devices", ()):
            selected = entry if spec.get("perDeviceNodeSelection") else spec
            if reaches(selected, node):
                yield Device(DeviceKey(driver, pool, entry["name"]), entry, one)


def _problem(
    mine: Sequence[Slice], whole: Sequence[Slice], counters: Mapping[str, Mapping[str, str]]
) -> str:
    wanted = mine[0]["spec"]["pool"]["resourceSliceCount"]
    if len(whole) != wanted:
        return f"{len(whole)} of {wanted} slices are there"
    sets = [c["name"] for one in mine for c in one["spec"].get("sharedCounters", ())]
    names = [device["name"] for one in mine for device in one["spec"].get("devices", ())]
    for what, values in (("counter set", sets), ("device", names)):
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            return f"{what} {twice[0]} is there twice"
    for device in (device for one in whole for device in one["spec"].get("devices", ())):
        for use in device.get("consumesCounters", ()):
            known = counters.get(use["counterSet"])
            if known is None or set(use.get("counters", ())) - set(known):
                return f"device {device['name']} consumes unknown counters of {use['counterSet']}"
    return ""
