"""The claims of one bench test: made from what the profile can ask for, allocated, and removed."""

import copy
import uuid
from collections.abc import Sequence
from typing import Any

from drawplate.conformance.bench.claims import AllocatedDevice, ClaimRef
from drawplate.conformance.bench.scheduler import Named, Scheduler
from drawplate.conformance.problems import Inconclusive
from drawplate.conformance.profile.claims import ConfigCase, Need
from drawplate.conformance.profile.model import Profile

Claim = dict[str, Any]
Request = dict[str, Any]

STRANGER = "somebody-elses.drawplate.dev"
NEVER = [{"cel": {"expression": "false"}}]


class ClaimDesk:
    """Makes claims in one namespace. Everything it cannot make is Inconclusive, never a failure."""

    def __init__(self, profile: Profile, scheduler: Scheduler, namespace: str) -> None:
        """Make claims for the driver of `profile`."""
        self._profile = profile
        self._scheduler = scheduler
        self._namespace = namespace
        self.made: list[Claim] = []

    def make(
        self,
        need: Need = "one",
        *,
        config: ConfigCase | None = None,
        devices: Sequence[Named] | None = None,
        alternatives: bool = False,
        allocate: bool = True,
    ) -> Claim:
        """Make a claim with one request, called `first`.

        `devices` dictates the allocation, whoever has them; `alternatives` asks by a list of
        which only the second entry can be had.
        """
        request = self._request(need, "first")
        if alternatives:
            request = _with_alternatives(request)
        return self._make([request], config, [], devices=devices, allocate=allocate)

    def several(self, count: int) -> list[Claim]:
        """Make claims for one device each."""
        return [self.make() for _ in range(count)]

    def widest(self) -> Claim:
        """Make a claim for as many devices as the profile can ask for at once."""
        needs: tuple[Need, ...] = ("all", "several", "one")
        return self.make(next(need for need in needs if self._profile.request(need)))

    def of_two_requests(self, *, config: ConfigCase | None = None, applies_to: str = "") -> Claim:
        """Make a claim with the requests `first` and `second`, each for one device."""
        requests = [self._request("one", "first"), self._request("one", "second")]
        return self._make(requests, config, [applies_to] if applies_to else [])

    def with_foreign_parts(self) -> Claim:
        """Make a claim that also has a device and a configuration of another driver."""
        requests = [self._request("one", "first"), self._request("one", "foreign")]
        spec = {"requests": ["foreign"], "opaque": {"driver": STRANGER, "parameters": {"x": 1}}}
        own = self._scheduler.devices()
        if not own:
            raise Inconclusive("the driver publishes no device that could be allocated")
        foreign = AllocatedDevice("foreign", STRANGER, "their-pool", "their-device")
        claim = self._scheduler.claim(self._namespace, requests, config=[spec])
        return self._keep(self._scheduler.allocate(claim, devices=[own[0].key, foreign]))

    def nonexistent(self) -> ClaimRef:
        """Name a claim that is not in the API."""
        return ClaimRef(self._namespace, str(uuid.uuid4()), "does-not-exist")

    def reallocatable(self) -> tuple[Claim, list[Named]]:
        """Make a claim, and give the device to which it can be moved."""
        claim = self.make()
        usage = self._scheduler.usage()
        free = [one.key for one in self._scheduler.devices() if not usage.holds(one.key)]
        if not free:
            raise Inconclusive("the driver has no second device to which a claim could move")
        return claim, [free[0]]

    def reallocate(self, claim: Claim, devices: Sequence[Named]) -> Claim:
        """Allocate the same claim, with its UID, to other devices."""
        return self._scheduler.allocate(claim, devices=devices)

    def successor(self, claim: Claim) -> Claim:
        """Delete the claim and make another one of the same name with the same devices."""
        self.delete(claim)
        meta = claim["metadata"]
        requests = claim["spec"]["devices"]["requests"]
        made = self._scheduler.claim(self._namespace, requests, name=meta["name"])
        held = ClaimRef.of(claim).results
        return self._keep(self._scheduler.allocate(made, devices=held))

    def delete(self, claim: Claim) -> None:
        """Delete the claim from the API, as if its pod had been force-deleted."""
        meta = claim["metadata"]
        self._scheduler.api.delete("ResourceClaim", meta["name"], meta["namespace"])

    def visible_config(self) -> ConfigCase:
        """Give a configuration whose effect shows in a container."""
        for case in self._profile.cases(valid=True):
            if "one" in case.needs and any(not effect.absent for effect in case.expect):
                return case
        raise Inconclusive("no valid case of configs.cases has an effect that shows")

    def _make(
        self,
        requests: list[Request],
        config: ConfigCase | None,
        scope: list[str],
        *,
        devices: Sequence[Named] | None = None,
        allocate: bool = True,
    ) -> Claim:
        configs = [self._opaque(config, scope)] if config else []
        claim = self._scheduler.claim(self._namespace, requests, config=configs)
        if allocate:
            claim = self._scheduler.allocate(claim, devices=devices)
        return self._keep(claim)

    def _keep(self, claim: Claim) -> Claim:
        self.made.append(claim)
        return claim

    def _opaque(self, config: ConfigCase, scope: list[str]) -> dict[str, Any]:
        parameters = copy.deepcopy(config.parameters)
        opaque = {"driver": self._profile.driver.name, "parameters": parameters}
        return {"requests": scope, "opaque": opaque}

    def _request(self, need: Need, name: str) -> Request:
        found = self._profile.request(need)
        if found is None:
            raise Inconclusive(f"the profile has no request for the need {need!r}")
        return {"name": name} | copy.deepcopy(found.request)


def _with_alternatives(request: Request) -> Request:
    exactly = request.get("exactly")
    if exactly is None:
        return request
    never = {"name": "never", "deviceClassName": exactly["deviceClassName"], "selectors": NEVER}
    # Subrequests know no admin access.
    chosen = {key: value for key, value in exactly.items() if key != "adminAccess"}
    return {"name": request["name"], "firstAvailable": [never, {"name": "chosen", **chosen}]}
