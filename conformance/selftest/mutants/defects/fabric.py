"""Defects of a driver for network-attached devices, as its pods on the nodes have them."""

import threading
from typing import Any

from drawplate.conformance.selftest.mutants.defects.making import after, defect, put
from drawplate.driver.api import ApiError
from drawplate.driver.daemon import Driver
from drawplate.driver.prepared import Refusal

LOOK_SECONDS = 0.5


def _users(claim: Any) -> int:
    return len(claim.get("status", {}).get("reservedFor", ()))


@defect("refuses-second-node")
def _refuses_second_node(driver: Driver) -> None:
    def refuse(claim: Any, *_: object) -> Any:
        if _users(claim) > 1:
            raise Refusal("another node uses the claim")
        return claim

    after(driver.claims, "fetch", refuse)


@defect("unprepares-everywhere")
def _unprepares_everywhere(driver: Driver) -> None:
    start = driver.start
    most: dict[str, int] = {}

    def look() -> None:
        for record in driver.ledger.all():
            claim = record.claim
            path = f"/apis/resource.k8s.io/v1/namespaces/{claim.namespace}/resourceclaims"
            users = _users(driver.api().get(f"{path}/{claim.name}"))
            if users < most.get(claim.uid, 0):
                driver.cdi.remove(claim.uid)
            most[claim.uid] = max(users, most.get(claim.uid, 0))

    def watch() -> None:
        while not driver.stopping.wait(LOOK_SECONDS):
            try:
                look()
            except ApiError:
                # The claim is gone; its Unprepare is on its way.
                continue

    def begin() -> None:
        put(driver.core, "restore", lambda: 0)
        start()
        threading.Thread(target=watch, daemon=True).start()

    put(driver, "start", begin)


@defect("prepares-on-one-node")
def _prepares_on_one_node(driver: Driver) -> None:
    def refuse(claim: Any, *_: object) -> Any:
        # Of the nodes of a cluster that kind made, this is the first worker.
        if not driver.settings.node.endswith("-worker"):
            raise Refusal("the device is not attached to this node")
        return claim

    after(driver.claims, "fetch", refuse)
