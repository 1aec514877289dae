"""The driver's published ResourceSlices, as tests look at them over time."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from drawplate.conformance.bench.nodes import NodeFacts, concerns
from drawplate.conformance.problems import Inconclusive
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.kubewatch import Selection
from drawplate.fixtures.waiting import NotInTime

Slice = Mapping[str, Any]
Content = Mapping[str, Any]

# The objects of a pool are written one after another, and until the last it is incomplete to
# everybody (resource/v1 ResourcePool.ResourceSliceCount). How long that may take, in seconds.
COMPLETE_SECONDS = 5.0

BLOCKING_EFFECTS = {"NoSchedule", "NoExecute"}


class SliceView:
    """The slices of one driver that concern one node; waits are watches."""

    def __init__(self, api: KubeApi, driver: str, node: NodeFacts, budget: float) -> None:
        """`budget` is how long the first publication may take, in seconds."""
        self._api = api
        self._driver = driver
        self.node = node
        self._budget = budget
        self._selection = Selection(fields=f"spec.driver={driver}")

    def _mine(self, slices: Sequence[Slice]) -> list[Slice]:
        return [one for one in slices if concerns(one["spec"], self.node)]

    def all(self) -> list[Slice]:
        """Give the slices, waiting for the first, and a little for pools to be complete.

        Raises Inconclusive when none appears.
        """
        try:
            found = self._wait(bool, self._budget)
        except NotInTime as late:
            raise Inconclusive(f"the driver published no slice: {late}") from late
        if _are_complete(found):
            return found
        self._happens(_are_complete, COMPLETE_SECONDS)
        return self.current()

    def current(self) -> list[Slice]:
        """Give the slices of this moment, maybe none."""
        return self._mine(self._api.list("ResourceSlice", fields=self._selection.fields))

    def only_here(self) -> list[Slice]:
        """Give the slices of this moment that have the node's name: no other node has a part in them."""
        return [one for one in self.current() if one["spec"].get("nodeName")]

    def devices(self) -> list[Mapping[str, Any]]:
        """Give all published devices, waiting for the first slice."""
        return [device for one in self.all() for device in one["spec"].get("devices") or ()]

    def content(self) -> Content:
        """Give what the pools say: by pool, the devices by name, and the counters.

        Generations, slice names and the division into slices are left out: they may change.
        """
        return _content(self.current())

    def become(self, content: Content, within: float) -> bool:
        """Wait until the pools say `content` again; say whether they do after `within` seconds."""
        return self._happens(lambda slices: _content(slices) == content, within)

    def wipe(self) -> None:
        """Delete the slices, as the kubelet does at its start."""
        for one in self.current():
            self._api.delete("ResourceSlice", one["metadata"]["name"])

    def rename_first_device(self, victim: Slice) -> None:
        """Edit a slice behind the driver's back."""
        devices = [dict(device) for device in victim["spec"]["devices"]]
        devices[0]["name"] = "edited-by-the-suite"
        self._api.replace({**victim, "spec": {**victim["spec"], "devices": devices}})

    def writes(self, during: float) -> list[str]:
        """Give the resource versions that slices got within `during` seconds."""
        seen = {one["metadata"]["resourceVersion"] for one in self.current()}
        written: list[str] = []

        def note(slices: Sequence[Slice]) -> bool:
            for one in self._mine(slices):
                version = one["metadata"]["resourceVersion"]
                if version not in seen:
                    seen.add(version)
                    written.append(version)
            return False

        self._happens_raw(note, during)
        return written

    def settled_count(
        self, *, above: int | None = None, below: int | None = None, within: float
    ) -> int:
        """Wait until the number of devices is above or below a number; give what it is then."""

        def enough(slices: Sequence[Slice]) -> bool:
            count = _count(slices)
            return (above is None or count > above) and (below is None or count < below)

        self._happens(enough, within)
        return _count(self.current())

    def usable(self) -> set[str]:
        """Give the names of the devices without a taint that keeps pods away."""
        self.all()
        return _usable(self.current())

    def usable_become(self, *, fewer_than: Collection[str], within: float) -> set[str]:
        """Wait until fewer devices are usable; give those that are then."""
        self._happens(lambda slices: len(_usable(slices)) < len(fewer_than), within)
        return _usable(self.current())

    def owns(self, domain: str, *others: str) -> bool:
        """Say whether `domain` is the driver's own (or below or above it), or one of `others`."""
        return (
            domain in others
            or domain == self._driver
            or domain.endswith(f".{self._driver}")
            or self._driver.endswith(f".{domain}")
        )

    def _wait(self, holds: Callable[[list[Slice]], bool], within: float) -> list[Slice]:
        found = self._api.wait(
            "ResourceSlice",
            lambda slices: holds(self._mine(slices)),
            within,
            self._selection,
            f"ResourceSlices of {self._driver}",
        )
        return self._mine(found)

    def _happens(self, holds: Callable[[list[Slice]], bool], within: float) -> bool:
        return self._happens_raw(lambda slices: holds(self._mine(slices)), within)

    def _happens_raw(self, holds: Callable[[Sequence[Slice]], bool], within: float) -> bool:
        try:
            self._api.wait("ResourceSlice", holds, within, self._selection, "ResourceSlices")
        except NotInTime:
            return False
        return True


def _content(slices: Sequence[Slice]) -> Content:
    pools: dict[str, dict[str, Any]] = {}
    newest = {
        one["spec"]["pool"]["name"]: max(
            other["spec"]["pool"].get("generation", 0)
            for other in slices
            if other["spec"]["pool"]["name"] == one["spec"]["pool"]["name"]
        )
        for one in slices
    }
    for one in slices:
        spec = one["spec"]
        name = spec["pool"]["name"]
        if spec["pool"].get("generation", 0) < newest[name]:
            continue
        pool = pools.setdefault(name, {"devices": {}, "counters": {}})
        pool["devices"] |= {device["name"]: device for device in spec.get("devices") or ()}
        pool["counters"] |= {entry["name"]: entry for entry in spec.get("sharedCounters") or ()}
    return pools


def _are_complete(slices: Sequence[Slice]) -> bool:
    """Say whether the newest generation of each pool has as many slices as it says."""
    pools: dict[str, dict[int, list[int]]] = {}
    for one in slices:
        told = one["spec"]["pool"]
        generations = pools.setdefault(told["name"], {})
        generations.setdefault(told.get("generation", 0), []).append(told["resourceSliceCount"])
    newest = [generations[max(generations)] for generations in pools.values()]
    return all(set(said) == {len(said)} for said in newest)


def _count(slices: Sequence[Slice]) -> int:
    return sum(len(pool["devices"]) for pool in _content(slices).values())


def _usable(slices: Sequence[Slice]) -> set[str]:
    return {
        f"{pool}/{name}"
        for pool, held in _content(slices).items()
        for name, device in held["devices"].items()
        if not BLOCKING_EFFECTS & {taint.get("effect") for taint in device.get("taints") or ()}
    }
