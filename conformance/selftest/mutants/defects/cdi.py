"""Defects of the CDI specifications."""

import itertools
import json
import threading
from dataclasses import replace
from typing import Any

from drawplate.conformance.selftest.mutants.defects.making import after, defect, nothing, put
from drawplate.driver.daemon import Driver
from drawplate.driver.prepared import PreparedClaim, PreparedDevice


def _never_restore(driver: Driver) -> None:
    put(driver.core, "restore", nothing)


@defect("cdi-missing")
def _cdi_missing(driver: Driver) -> None:
    put(driver.cdi, "write", nothing)


@defect("cdi-id-reused")
def _cdi_id_reused(driver: Driver) -> None:
    put(driver.cdi, "_name", lambda _claim, device: device.device)


@defect("cdi-id-twice")
def _cdi_id_twice(driver: Driver) -> None:
    after(driver.cdi, "identifiers", lambda names, *_: [*names, *names])


@defect("cdi-not-rebuilt")
def _cdi_not_rebuilt(driver: Driver) -> None:
    _never_restore(driver)
    enter, write = driver.ledger.enter, driver.cdi.write
    fresh = threading.local()

    def note(claim: PreparedClaim) -> None:
        fresh.known = driver.ledger.get(claim.claim.uid) == claim
        enter(claim)

    def write_once(claim: PreparedClaim) -> None:
        if not fresh.known:
            write(claim)

    put(driver.ledger, "enter", note)
    put(driver.cdi, "write", write_once)


@defect("neighbour-rewrites")
def _neighbour_rewrites(driver: Driver) -> None:
    numbers = itertools.count()
    render, write = driver.cdi.render, driver.cdi.write
    own = threading.local()

    def stamp(claim: PreparedClaim) -> bytes:
        if claim.claim.uid == own.uid:
            return render(claim)
        spec = json.loads(render(claim))
        for device in spec["devices"]:
            device["containerEdits"]["env"].append(f"WRITTEN={next(numbers)}")
        return json.dumps(spec).encode()

    def write_all(claim: PreparedClaim) -> None:
        own.uid = claim.claim.uid
        for record in driver.ledger.all():
            write(record)

    put(driver.cdi, "render", stamp)
    put(driver.cdi, "write", write_all)
    _never_restore(driver)


@defect("wrong-edits")
def _wrong_edits(driver: Driver) -> None:
    edits = driver.cdi.edits

    def other(device: PreparedDevice) -> Any:
        devices = driver.hardware.devices()
        others = [one for one in devices if one.name != device.device]
        return edits(replace(device, edits=others[0].edits))

    put(driver.cdi, "edits", other)


@defect("edits-for-all")
def _edits_for_all(driver: Driver) -> None:
    edits = driver.cdi.edits

    def everything(device: PreparedDevice) -> Any:
        held = [one for record in driver.ledger.all() for one in record.devices]
        merged = [edits(one) for one in {one.device: one for one in [*held, device]}.values()]
        return {
            "env": [entry for one in merged for entry in one["env"]],
            "deviceNodes": [entry for one in merged for entry in one["deviceNodes"]],
            "mounts": merged[0]["mounts"],
        }

    put(driver.cdi, "edits", everything)


@defect("cdi-consumed")
def _cdi_consumed(driver: Driver) -> None:
    _never_restore(driver)
    write = driver.cdi.write

    def consume(claim: PreparedClaim) -> None:
        write(claim)
        threading.Timer(4.0, driver.cdi.remove, (claim.claim.uid,)).start()

    put(driver.cdi, "write", consume)


@defect("start-cleans-cdi")
def _start_cleans_cdi(driver: Driver) -> None:
    load = driver.ledger.load

    def clean(take_over: Any) -> None:
        load(take_over)
        for record in driver.ledger.all():
            driver.cdi.remove(record.claim.uid)

    put(driver.ledger, "load", clean)
    _never_restore(driver)
