"""How many claims for one device fit on a node side by side."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from drawplate.conformance.bench.nodes import NodeFacts
from drawplate.conformance.bench.pools import gather
from drawplate.conformance.bench.selectors import selectors
from drawplate.conformance.problems import Inconclusive
from drawplate.conformance.profile.model import Profile

Object = Mapping[str, Any]

# A request with anything else may take more than a device, or a part of one.
PLAIN = {"deviceClassName", "selectors"}


def room(
    profile: Profile,
    slices: Sequence[Object],
    find_class: Callable[[str], Object],
    node: NodeFacts,
) -> int:
    """Give the number; 1 when it cannot be told for sure, and tests must take turns.

    Devices that draw on shared counters, serve several claims or are tainted are not counted.
    """
    found = profile.request("one")
    exactly: Any = found.request.get("exactly") if found else None
    if not exactly or set(exactly) - PLAIN or not found or found.expect.devices != 1:
        return 1
    pools = gather(slices, node)
    devices = [device for pool in pools for device in pool.devices]
    if any(pool.counters or pool.binds or pool.problem for pool in pools):
        return 1
    if any(device.shareable or device.entry.get("taints") for device in devices):
        return 1
    owners = (find_class(exactly["deviceClassName"])["spec"], exactly)
    rules = [one["cel"]["expression"] for owner in owners for one in owner.get("selectors", ())]
    try:
        fit = [one for one in devices if all(selectors().matches(rule, one) for rule in rules)]
    except Inconclusive:
        return 1
    return max(1, len(fit))
