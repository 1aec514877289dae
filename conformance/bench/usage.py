"""What of the devices is taken: by claims that are allocated, and by picks made on the way."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from drawplate.conformance.bench import quantities
from drawplate.conformance.bench.claims import ClaimObject, allocation_of
from drawplate.conformance.bench.pools import Device, DeviceKey, Pool

Amounts = Mapping[str, Decimal]


@dataclass(frozen=True, slots=True)
class Usage:
    """What is taken: whole devices, and shares of devices by capacity name."""

    exclusive: frozenset[DeviceKey] = frozenset()
    shares: Mapping[DeviceKey, Amounts] = field(default_factory=dict)

    @classmethod
    def of(cls, claims: Iterable[ClaimObject]) -> "Usage":
        """Count the allocations of claims; admin access takes nothing."""
        usage = cls()
        for claim in claims:
            devices = (allocation_of(claim) or {}).get("devices", {})
            for result in devices.get("results", ()):
                if not result.get("adminAccess"):
                    usage = usage.with_result(result)
        return usage

    def with_result(self, result: Mapping[str, Any]) -> "Usage":
        """Add one result of an allocation."""
        key = DeviceKey(result["driver"], result["pool"], result["device"])
        if not result.get("shareID"):
            return Usage(self.exclusive | {key}, self.shares)
        taken = dict(self.shares.get(key, {}))
        for name, amount in result.get("consumedCapacity", {}).items():
            taken[name] = taken.get(name, Decimal(0)) + quantities.parse(amount)
        return Usage(self.exclusive, dict(self.shares) | {key: taken})

    def holds(self, key: DeviceKey) -> bool:
        """Say whether anybody has the device or a share of it."""
        return key in self.exclusive or key in self.shares

    def leaves_counters(self, device: Device, pool: Pool, picked: Sequence[Device]) -> bool:
        """Say whether the pool's shared counters suffice for one more device, beside `picked`.

        Another share of a device that is in use takes nothing more; admin access does.
        """
        if not device.entry.get("consumesCounters"):
            return True
        charged = {one.key: one for one in picked if not (one.shareable and one.key in self.shares)}
        if device.shareable and (device.key in self.shares or device.key in charged):
            return True
        users = [one for one in pool.devices if self.holds(one.key)]
        users += [one for one in charged.values() if one in pool.devices]
        for counter_set, counters in pool.counters.items():
            for name, available in counters.items():
                used = sum(_consumption(one, counter_set, name) for one in (*users, device))
                if used > quantities.parse(available):
                    return False
        return True


def _consumption(device: Device, counter_set: str, name: str) -> Decimal:
    amounts = (
        use["counters"][name]["value"]
        for use in device.entry.get("consumesCounters", ())
        if use["counterSet"] == counter_set and name in use.get("counters", {})
    )
    return sum((quantities.parse(amount) for amount in amounts), Decimal(0))


def share(device: Device, wanted: Mapping[str, str], usage: Usage) -> dict[str, str] | None:
    """Give what a request takes of each capacity of a device, or None when it cannot have it.

    Rules of k8s.io/dynamic-resource-allocation v0.37.2 structured/internal/incubating/
    consumable_capacity.go: a capacity that is not requested counts with its default, or in full.
    """
    capacities = device.entry.get("capacity", {})
    if set(wanted) - set(capacities):
        return None
    taken = usage.shares.get(device.key, {})
    amounts: dict[str, str] = {}
    for name, capacity in capacities.items():
        amount = _rounded(wanted.get(name), capacity)
        number = quantities.parse(amount)
        if not _allowed(number, capacity.get("requestPolicy") or {}):
            return None
        if number + taken.get(name, Decimal(0)) > quantities.parse(capacity["value"]):
            return None
        amounts[name] = amount
    return amounts


def _rounded(wanted: str | None, capacity: Mapping[str, Any]) -> str:
    policy = capacity.get("requestPolicy") or {}
    if wanted is None:
        return str(policy.get("default", capacity["value"]))
    limits = policy.get("validRange") or {}
    number = quantities.parse(wanted)
    if limits.get("min") is not None:
        least = quantities.parse(limits["min"])
        if number < least:
            return str(limits["min"])
        if limits.get("step") is not None:
            step = quantities.parse(limits["step"])
            steps, rest = divmod(number - least, step)
            return quantities.text(least + (steps + bool(rest)) * step)
    enough = [one for one in policy.get("validValues", ()) if quantities.parse(one) >= number]
    return str(enough[0]) if enough else wanted


def _allowed(number: Decimal, policy: Mapping[str, Any]) -> bool:
    default = policy.get("default")
    if default is not None and number == quantities.parse(default):
        return True
    limits = policy.get("validRange") or {}
    if limits.get("max") is not None and number > quantities.parse(limits["max"]):
        return False
    if limits.get("step") is not None:
        away = number - quantities.parse(limits.get("min", 0))
        return away % quantities.parse(limits["step"]) == 0
    values = policy.get("validValues", ())
    return not values or number in {quantities.parse(one) for one in values}
