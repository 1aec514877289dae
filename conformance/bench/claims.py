"""Claims as the kubelet sees them: what a request names, and what an allocation says."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

ClaimObject = Mapping[str, Any]

# resource.k8s.io/v1 SkipNodeOperation: "*" stands for all operations.
ALL_OPERATIONS = "*"


@dataclass(frozen=True, slots=True)
class AllocatedDevice:
    """One entry of `status.allocation.devices.results`."""

    request: str
    driver: str
    pool: str
    device: str
    share_id: str | None = None
    admin_access: bool = False
    skipped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClaimRef:
    """What a call names of a claim, with the allocation's results when they are known.

    A test for faults makes one by hand, without results, to name what does not exist.
    """

    namespace: str
    uid: str
    name: str
    results: tuple[AllocatedDevice, ...] = ()

    @classmethod
    def of(cls, claim: "ClaimObject | ClaimRef") -> "ClaimRef":
        """Give the reference of a ResourceClaim object (or give a reference back)."""
        if isinstance(claim, ClaimRef):
            return claim
        meta = claim["metadata"]
        return cls(meta["namespace"], meta["uid"], meta["name"], results_of(claim))

    @property
    def drivers(self) -> tuple[str, ...]:
        """The drivers of the allocation, in the order of the results."""
        return tuple(dict.fromkeys(one.driver for one in self.results))

    def of_driver(self, driver: str) -> "ClaimRef":
        """Give the same claim with the results of one driver only."""
        mine = tuple(one for one in self.results if one.driver == driver)
        return ClaimRef(self.namespace, self.uid, self.name, mine)

    def skips(self, driver: str, operation: str) -> bool:
        """Say whether the kubelet leaves out `operation` for `driver`.

        Only if every device of the driver says so (kubernetes v1.37 pkg/kubelet/cm/dra/
        claiminfo.go, computeDriverStates).
        """
        mine = [one for one in self.results if one.driver == driver]
        return bool(mine) and all(
            operation in one.skipped or ALL_OPERATIONS in one.skipped for one in mine
        )


def allocation_of(claim: ClaimObject) -> Mapping[str, Any] | None:
    """Give `status.allocation`, or None."""
    allocation: Mapping[str, Any] | None = claim.get("status", {}).get("allocation")
    return allocation


def results_of(claim: ClaimObject) -> tuple[AllocatedDevice, ...]:
    """Give the results of the allocation; none when the claim is not allocated."""
    allocation = allocation_of(claim) or {}
    return tuple(
        AllocatedDevice(
            request=one["request"],
            driver=one["driver"],
            pool=one["pool"],
            device=one["device"],
            share_id=one.get("shareID"),
            admin_access=bool(one.get("adminAccess")),
            skipped=tuple(one.get("skipNodeOperations", ())),
        )
        for one in allocation.get("devices", {}).get("results", ())
    )


def reserved_for(claim: ClaimObject, pod_uid: str) -> bool:
    """Say whether the pod may use the claim (`status.reservedFor`)."""
    consumers = claim.get("status", {}).get("reservedFor", ())
    return any(one.get("resource") == "pods" and one.get("uid") == pod_uid for one in consumers)
