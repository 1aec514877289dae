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
    itself; "" when it can be used. `counters` are the shared counters by set and name.
    """

    driver: str
    name: str
    generation: int
    devices: tuple[Device, ...]
    counters: Mapping[str, Mapping[str, str]]
    problem: str = ""

    @property
    def complete(self) -> bool:
        """Say whether devices can be allocated from it."""
        return not self.problem


def gather(slices: Iterable[Slice], node: NodeFacts) -> list[Pool]:
    """Give the pools that `node` reaches, by driver and name; pools with binding conditions last.

    Rules of k8s.io/dynamic-resource-allocation v0.37.2 structured/internal/incubating: of each
    pool only the highest generation counts, and only when all its slices are there. The order
    of pools, slices (by name) and devices is the order in which devices are tried.
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
    return sorted(pools, key=_binds)


def _pool(driver: str, name: str, slices: Sequence[Slice], node: NodeFacts) -> Pool | None:
    generation = max(one["spec"]["pool"]["generation"] for one in slices)
    current = sorted(
        (one for one in slices if one["spec"]["pool"]["generation"] == generation),
        key=lambda one: str(one["metadata"]["name"]),
    )
    devices = tuple(_devices(driver, name, current, node))
    if not any(_concerns(one["spec"], node) for one in current):
        return None
    counters = {
        counter["name"]: {key: one["value"] for key, one in counter.get("counters", {}).items()}
        for one in current
        for counter in one["spec"].get("sharedCounters", ())
    }
    return Pool(driver, name, generation, devices, counters, _problem(current, counters))


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


def _problem(slices: Sequence[Slice], counters: Mapping[str, Mapping[str, str]]) -> str:
    wanted = slices[0]["spec"]["pool"]["resourceSliceCount"]
    if len(slices) != wanted:
        return f"{len(slices)} of {wanted} slices are there"
    sets = [c["name"] for one in slices for c in one["spec"].get("sharedCounters", ())]
    names = [device["name"] for one in slices for device in one["spec"].get("devices", ())]
    for what, values in (("counter set", sets), ("device", names)):
        twice = sorted({value for value in values if values.count(value) > 1})
        if twice:
            return f"{what} {twice[0]} is there twice"
    for device in (device for one in slices for device in one["spec"].get("devices", ())):
        for use in device.get("consumesCounters", ()):
            if set(use.get("counters", ())) - set(counters.get(use["counterSet"], ())):
                return f"device {device['name']} consumes unknown counters of {use['counterSet']}"
    return ""


def _binds(pool: Pool) -> bool:
    return any(device.entry.get("bindingConditions") for device in pool.devices)
