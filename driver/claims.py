"""Reads claims from the API server: what was allocated of this driver, and its configuration."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from drawplate.driver.api import Api
from drawplate.driver.names import is_subdomain
from drawplate.driver.prepared import ClaimName, Refusal

# The kubelet waits 45 s per call (kubernetes v1.37 pkg/kubelet/cm/dra/plugin/dra_plugin.go) and
# asks again only after 60 to 90 s, so short outages are bridged here. Seconds.
READ_BUDGET = 5.0


@dataclass(frozen=True, slots=True)
class Result:
    """One device that the allocation gives to one request (`base` or `base/subrequest`)."""

    request: str
    pool: str
    device: str
    admin_access: bool
    share_id: str | None


@dataclass(frozen=True, slots=True)
class Configuration:
    """One opaque configuration for this driver; no requests means all of them."""

    source: str
    requests: tuple[str, ...]
    parameters: Any


@dataclass(frozen=True, slots=True)
class Allocation:
    """What concerns this driver of one claim's allocation."""

    results: tuple[Result, ...]
    configurations: tuple[Configuration, ...]


class Claims:
    """Reads claims for one driver."""

    def __init__(self, api: Callable[[], Api], driver: str) -> None:
        self._api = api
        self._driver = driver

    def read(self, claim: ClaimName, deadline: float) -> Allocation:
        """Give the claim's allocation as it is now; `deadline` is in time.monotonic().

        Raises Refusal when the claim is another one or not allocated, ApiError when the API
        server does not give it.
        """
        document = self.fetch(claim, deadline)
        self.check_identity(claim, document)
        allocation = document.get("status", {}).get("allocation")
        if not allocation:
            raise Refusal("the claim is not allocated")
        devices = allocation.get("devices", {})
        return Allocation(
            results=tuple(map(_result, self.own_results(devices))),
            configurations=tuple(map(_configuration, self.own_configurations(devices))),
        )

    def fetch(self, claim: ClaimName, deadline: float) -> Mapping[str, Any]:
        """Read the claim by its name."""
        for name in (claim.namespace, claim.name):
            # They go into a URL, where `..` would lead elsewhere.
            if not is_subdomain(name):
                raise Refusal(f"{name!r} cannot be the name of a claim or namespace")
        budget = min(READ_BUDGET, deadline - time.monotonic())
        if budget <= 0:
            raise Refusal("the time of the call is over")
        namespace = f"/apis/resource.k8s.io/v1/namespaces/{claim.namespace}"
        return self._api().get(f"{namespace}/resourceclaims/{claim.name}", budget=budget)

    def check_identity(self, claim: ClaimName, document: Mapping[str, Any]) -> None:
        """Raise Refusal unless the object is the claim that is meant: names are used again."""
        found = document.get("metadata", {}).get("uid")
        if found != claim.uid:
            raise Refusal(f"the claim was replaced: the API server has UID {found}")

    def own_results(self, devices: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Give the results that are this driver's."""
        return [found for found in devices.get("results", ()) if found["driver"] == self._driver]

    def own_configurations(self, devices: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        """Give the opaque configurations that are this driver's."""
        found = devices.get("config", ())
        return [one for one in found if one.get("opaque", {}).get("driver") == self._driver]


def _result(data: Mapping[str, Any]) -> Result:
    return Result(
        request=data["request"],
        pool=data["pool"],
        device=data["device"],
        admin_access=bool(data.get("adminAccess")),
        share_id=data.get("shareID"),
    )


def _configuration(data: Mapping[str, Any]) -> Configuration:
    return Configuration(
        source=data["source"],
        requests=tuple(data.get("requests", ())),
        parameters=data["opaque"].get("parameters"),
    )
