"""What must be written so that a pool has exactly its devices: a comparison, without any effects."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

# resource.k8s.io/v1 ResourceSliceMaxDevices.
MAX_DEVICES = 128

Slice = Mapping[str, Any]
Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pool:
    """A pool of this driver, and the nodes that can use its devices.

    These are the one `node`, or without it, all nodes that have the `labels`; of none, all nodes.
    """

    driver: str
    name: str
    node: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_node(cls, driver: str, node: str) -> "Pool":
        """Give the one pool of this driver on a node; it has the node's name."""
        return cls(driver, node, node)

    @property
    def nodes(self) -> Spec:
        """The field of a slice that says which nodes can use the devices."""
        if self.node:
            return {"nodeName": self.node}
        if not self.labels:
            return {"allNodes": True}
        expressions = [
            {"key": key, "operator": "In", "values": [value]}
            for key, value in sorted(self.labels.items())
        ]
        # resource.k8s.io/v1 takes exactly one term.
        return {"nodeSelector": {"nodeSelectorTerms": [{"matchExpressions": expressions}]}}

    def owns(self, found: Slice) -> bool:
        """Tell whether a slice is one of this pool, as far as its immutable fields say.

        Which nodes can use it may be changed by an update, but not from or to a `nodeName`.
        """
        spec = found["spec"]
        names = spec["driver"], spec["pool"]["name"], spec.get("nodeName") or ""
        return names == (self.driver, self.name, self.node)

    def concerns(self, found: Slice) -> bool:
        """Tell whether a slice that the selectors of this pool let through is its, or in its way.

        On a node the driver has this one pool, but several without a node.
        """
        return bool(self.node) or bool(found["spec"]["pool"]["name"] == self.name)


@dataclass(frozen=True, slots=True)
class Plan:
    """The writes, in the order in which they are to be made: what is obsolete goes last."""

    replace: tuple[tuple[Slice, Spec], ...]
    create: tuple[tuple[int, Spec], ...]
    remove: tuple[Slice, ...]
    generation: int

    @property
    def empty(self) -> bool:
        """Whether all is as it must be."""
        return not (self.replace or self.create or self.remove)


def compare(
    pool: Pool,
    devices: Sequence[Any],
    found: Sequence[Slice],
    *,
    generation: int,
    is_right: Callable[[Slice, Spec], bool],
) -> Plan:
    """Plan the way from the slices that were found to those with `devices`.

    `generation` is the highest that was ever used; `is_right` tells whether a slice need not be
    written to have the given spec.
    """
    own = sorted((one for one in found if pool.owns(one)), key=lambda one: one["metadata"]["name"])
    parts = split(devices)
    places, surplus = _assign(own, parts)
    highest = max([generation, *(_generation(one) for one in places if one)])
    plan = _plan(pool, parts, places, max(highest, 1), is_right)
    writes = len(plan.replace) + len(plan.create)
    # One object may change within a generation; more would show a pool that never was.
    if writes > 1 or (writes and surplus):
        plan = _plan(pool, parts, places, highest + 1, is_right)
    return replace(plan, remove=tuple(surplus))


def split(devices: Sequence[Any]) -> list[list[Any]]:
    """Share devices out to slices; no devices are one empty slice, which says that there are none."""
    return [
        list(devices[start : start + MAX_DEVICES])
        for start in range(0, max(len(devices), 1), MAX_DEVICES)
    ]


def _assign(
    own: Sequence[Slice], parts: Sequence[list[Any]]
) -> tuple[list[Slice | None], list[Slice]]:
    """Give each part the slice that has its devices already, else any; and what is left over."""
    left = list(own)
    places: list[Slice | None] = []
    for part in parts:
        same = next((one for one in left if one["spec"].get("devices", []) == part), None)
        if same is not None:
            left.remove(same)
        places.append(same)
    for number, place in enumerate(places):
        if place is None and left:
            places[number] = left.pop(0)
    return places, left


def _plan(
    pool: Pool,
    parts: Sequence[list[Any]],
    places: Sequence[Slice | None],
    generation: int,
    is_right: Callable[[Slice, Spec], bool],
) -> Plan:
    changed: list[tuple[Slice, Spec]] = []
    missing: list[tuple[int, Spec]] = []
    for number, (part, place) in enumerate(zip(parts, places, strict=True)):
        spec = _spec(pool, part, generation, len(parts))
        if place is None:
            missing.append((number, spec))
        elif not is_right(place, spec):
            changed.append((place, spec))
    return Plan(tuple(changed), tuple(missing), (), generation)


def _spec(pool: Pool, devices: list[Any], generation: int, count: int) -> Spec:
    spec: Spec = {
        "driver": pool.driver,
        **pool.nodes,
        "pool": {"name": pool.name, "generation": generation, "resourceSliceCount": count},
    }
    # The API server leaves empty lists out.
    return {**spec, "devices": devices} if devices else spec


def _generation(found: Slice) -> int:
    return int(found["spec"]["pool"].get("generation", 0))
