"""Defects of NodeUnprepareResources."""

import threading
import time
from typing import Any

from drawplate.conformance.selftest.mutants.defects.making import (
    defect,
    nothing,
    put,
    unlocked,
)
from drawplate.driver.core import Answer
from drawplate.driver.daemon import Driver
from drawplate.driver.prepared import ClaimName, PreparedClaim, Refusal


def _before(driver: Driver, check: Any) -> None:
    unprepare = driver.core.unprepare_one

    def checked(claim: ClaimName) -> Answer:
        found = check(claim)
        return found if found is not None else unprepare(claim)

    put(driver.core, "unprepare_one", checked)


@defect("unprepare-unknown-fails")
def _unprepare_unknown_fails(driver: Driver) -> None:
    def refuse(claim: ClaimName) -> None:
        if driver.ledger.get(claim.uid) is None:
            raise Refusal("the claim is not prepared")

    _before(driver, refuse)


@defect("unprepare-reads-claim")
def _unprepare_reads_claim(driver: Driver) -> None:
    def read(claim: ClaimName) -> None:
        driver.claims.check_identity(claim, driver.claims.fetch(claim, time.monotonic() + 5))

    _before(driver, read)


@defect("unprepare-reply-incomplete")
def _unprepare_reply_incomplete(driver: Driver) -> None:
    unprepare = driver.core.unprepare

    def some(claims: Any) -> dict[str, Answer]:
        held = {claim.uid for claim in claims if driver.ledger.get(claim.uid) is not None}
        answers = unprepare(claims)
        # A single claim is answered in any case, or nothing could be unprepared twice.
        return {u: a for u, a in answers.items() if u in held or len(answers) == 1}

    put(driver.core, "unprepare", some)


@defect("cdi-left")
def _cdi_left(driver: Driver) -> None:
    put(driver.cdi, "remove", nothing)


@defect("unprepare-by-name")
def _unprepare_by_name(driver: Driver) -> None:
    def end_all(claim: ClaimName) -> None:
        for record in driver.ledger.all():
            if (record.claim.namespace, record.claim.name) == (claim.namespace, claim.name):
                driver.cdi.remove(record.claim.uid)
                driver.ledger.strike(record.claim.uid)

    _before(driver, end_all)


@defect("forgets-on-restart")
def _forgets_on_restart(driver: Driver) -> None:
    put(driver.ledger, "load", nothing)

    def skip(claim: ClaimName) -> Answer | None:
        return Answer() if driver.ledger.get(claim.uid) is None else None

    _before(driver, skip)


@defect("unprepare-takes-neighbours")
def _unprepare_takes_neighbours(driver: Driver) -> None:
    def take(_claim: ClaimName) -> None:
        for record in driver.ledger.all():
            driver.cdi.remove(record.claim.uid)

    put(driver.core, "restore", nothing)
    _before(driver, take)


@defect("one-shot-prepare")
def _one_shot_prepare(driver: Driver) -> None:
    ended: set[str] = set()
    prepare = driver.core.prepare_one

    def refuse(claim: ClaimName, deadline: float) -> Answer:
        if claim.uid in ended:
            raise Refusal("the claim has ended")
        return prepare(claim, deadline)

    def end(claim: ClaimName) -> None:
        if driver.ledger.get(claim.uid) is not None:
            ended.add(claim.uid)

    put(driver.core, "prepare_one", refuse)
    _before(driver, end)


@defect("unprepare-races")
def _unprepare_races(driver: Driver) -> None:
    put(driver.core._locks, "hold", unlocked)
    put(driver.core, "restore", nothing)
    enter, write = driver.ledger.enter, driver.cdi.write
    entered: set[str] = set()
    written = threading.local()

    def note(claim: PreparedClaim) -> None:
        written.value = claim.claim.uid in entered
        entered.add(claim.claim.uid)
        enter(claim)

    def write_new(claim: PreparedClaim) -> None:
        if not written.value:
            write(claim)

    def slowly(claim: ClaimName) -> Answer:
        driver.ledger.strike(claim.uid)
        entered.discard(claim.uid)
        time.sleep(0.1)
        driver.cdi.remove(claim.uid)
        return Answer()

    put(driver.ledger, "enter", note)
    put(driver.cdi, "write", write_new)
    put(driver.core, "unprepare_one", slowly)
