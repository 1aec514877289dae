"""Defects that show where there are several nodes, or when a node or its driver is replaced."""

import threading
from typing import Any

import grpc

from drawplate.conformance.selftest.mutants.defects.making import after, defect, nothing, put
from drawplate.driver import pool
from drawplate.driver.daemon import Driver
from drawplate.driver.slices import PATH

CLAIMS = "/apis/resource.k8s.io/v1/resourceclaims"
LOOK_SECONDS = 0.5


def _clean_cdi(driver: Driver) -> None:
    put(driver.core, "restore", nothing)
    for record in driver.ledger.all():
        driver.cdi.remove(record.claim.uid)


@defect("stop-cleans-cdi")
def _stop_cleans_cdi(driver: Driver) -> None:
    stop = driver.stop
    put(driver.core, "restore", nothing)

    def clean() -> None:
        stop()
        _clean_cdi(driver)

    put(driver, "stop", clean)


@defect("stop-withdraws-slices")
def _stop_withdraws_slices(driver: Driver) -> None:
    stop = driver.stop

    def withdraw() -> None:
        stop()
        for found in driver.publisher.find():
            driver.api().delete(f"{PATH}/{found['metadata']['name']}", {})

    put(driver, "stop", withdraw)


@defect("registration-cleans-cdi")
def _registration_cleans_cdi(driver: Driver) -> None:
    info = driver.registration.GetInfo
    registered = threading.Event()

    def clean(request: Any, context: grpc.ServicerContext) -> Any:
        if registered.is_set():
            _clean_cdi(driver)
        registered.set()
        return info(request, context)

    put(driver.registration, "GetInfo", clean)


@defect("slices-for-all-nodes")
def _slices_for_all_nodes(driver: Driver) -> None:
    def open_up(spec: Any, *_: object) -> Any:
        return {key: value for key, value in spec.items() if key != "nodeName"} | {"allNodes": True}

    def owns(self: pool.Pool, found: Any) -> bool:
        return bool(found["spec"]["pool"]["name"] == self.node)

    after(pool, "_spec", open_up)
    put(pool.Pool, "owns", owns)
    # The server cannot select slices of all nodes by this driver and this node.
    put(driver.publisher, "selectors", [f"spec.driver={driver.settings.driver}"])
    expel = driver.publisher._expel

    def spare(strangers: Any) -> int:
        return expel([one for one in strangers if "nodeName" in one["spec"]])

    put(driver.publisher, "_expel", spare)


@defect("prepares-everywhere")
def _prepares_everywhere(driver: Driver) -> None:
    start = driver.start

    def watch() -> None:
        while not driver.stopping.wait(LOOK_SECONDS):
            for claim in driver.api().get(CLAIMS).get("items") or ():
                if claim.get("status", {}).get("allocation"):
                    _note(driver, claim["metadata"]["uid"])

    def begin() -> None:
        start()
        threading.Thread(target=watch, daemon=True).start()

    put(driver, "start", begin)


def _note(driver: Driver, uid: str) -> None:
    if driver.ledger.get(uid) is None:
        path = driver.cdi.path(uid)
        path.with_name(f"drawplate-foresight-{uid}.json").write_text(
            f'{{"cdiVersion":"0.6.0","kind":"{driver.cdi.kind}-{uid}","devices":[]}}',
            encoding="utf-8",
        )
