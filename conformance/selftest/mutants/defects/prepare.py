"""Defects of NodePrepareResources."""

import itertools
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import grpc

from drawplate.conformance.selftest.mutants.defects.making import after, defect, nothing, put
from drawplate.driver.claims import Allocation
from drawplate.driver.core import Answer
from drawplate.driver.daemon import Driver
from drawplate.driver.prepared import ClaimName, PreparedClaim, PreparedDevice, Refusal
from drawplate.driver.sharing import EXCLUSIVE


def _reply(driver: Driver, change: Any) -> None:
    for plugin in (driver.plugin_v1, driver.plugin_v1beta1):
        after(plugin, "NodePrepareResources", change)


@defect("wrong-device")
def _wrong_device(driver: Driver) -> None:
    def rename(answer: Answer, *_: object) -> Answer:
        return Answer(
            tuple(
                (replace(device, device=f"not-{device.device}"), ids)
                for device, ids in answer.devices
            ),
            answer.error,
        )

    after(driver.core, "answer", rename)


@defect("reply-incomplete")
def _reply_incomplete(driver: Driver) -> None:
    def cut(reply: Any, request: Any, _context: object) -> Any:
        for claim in request.claims[2:3]:
            del reply.claims[claim.uid]
        return reply

    _reply(driver, cut)


@defect("reply-surplus")
def _reply_surplus(driver: Driver) -> None:
    def add(reply: Any, *_: object) -> Any:
        for record in driver.ledger.all():
            reply.claims[record.claim.uid].SetInParent()
        return reply

    _reply(driver, add)


@defect("batch-fails")
def _batch_fails(driver: Driver) -> None:
    def fail(reply: Any, _request: object, context: grpc.ServicerContext) -> Any:
        errors = [entry.error for entry in reply.claims.values() if entry.error]
        if errors:
            context.abort(grpc.StatusCode.INTERNAL, errors[0])
        return reply

    _reply(driver, fail)


@defect("prepare-not-idempotent")
def _prepare_not_idempotent(driver: Driver) -> None:
    # Each call has its own number, also when calls overlap.
    numbers, own = itertools.count(), threading.local()
    prepare, original = driver.core.prepare_one, driver.cdi._name

    def count(claim: ClaimName, deadline: float) -> Answer:
        own.number = next(numbers)
        return prepare(claim, deadline)

    def name(claim: PreparedClaim, device: PreparedDevice) -> str:
        return f"{original(claim, device)}-{getattr(own, 'number', 0)}"

    put(driver.core, "prepare_one", count)
    put(driver.cdi, "_name", name)
    put(driver.core, "restore", nothing)


def _loaded(driver: Driver) -> set[str]:
    """Give a set that holds the UIDs which an earlier process had prepared, once it is loaded."""
    found: set[str] = set()
    load = driver.ledger.load

    def remember(take_over: Any) -> None:
        load(take_over)
        found.update(record.claim.uid for record in driver.ledger.all())

    put(driver.ledger, "load", remember)
    return found


def _refuse_loaded(driver: Driver, why: str) -> None:
    earlier = _loaded(driver)
    prepare, unprepare = driver.core.prepare_one, driver.core.unprepare_one

    def refuse(claim: ClaimName, deadline: float) -> Answer:
        if claim.uid in earlier:
            raise Refusal(why)
        return prepare(claim, deadline)

    def forget(claim: ClaimName) -> Answer:
        earlier.discard(claim.uid)
        return unprepare(claim)

    put(driver.core, "prepare_one", refuse)
    put(driver.core, "unprepare_one", forget)


@defect("partial-stuck")
def _partial_stuck(driver: Driver) -> None:
    _refuse_loaded(driver, "the claim is being prepared by somebody else")


@defect("second-prepare-refused")
def _second_prepare_refused(driver: Driver) -> None:
    prepare = driver.core.prepare_one

    def refuse(claim: ClaimName, deadline: float) -> Answer:
        if driver.ledger.get(claim.uid) is not None:
            raise Refusal("the claim is prepared already")
        return prepare(claim, deadline)

    put(driver.core, "prepare_one", refuse)


@defect("concurrent-refused")
def _concurrent_refused(driver: Driver) -> None:
    busy: set[str] = set()
    guard = threading.Lock()
    prepare = driver.core.prepare_one

    def refuse(claim: ClaimName, deadline: float) -> Answer:
        with guard:
            if claim.uid in busy:
                raise Refusal("the claim is being prepared")
            busy.add(claim.uid)
        try:
            time.sleep(0.05)
            return prepare(claim, deadline)
        finally:
            busy.discard(claim.uid)

    put(driver.core, "prepare_one", refuse)


@defect("uid-unchecked")
def _uid_unchecked(driver: Driver) -> None:
    put(driver.claims, "check_identity", nothing)


@defect("unallocated-accepted")
def _unallocated_accepted(driver: Driver) -> None:
    read = driver.claims.read

    def accept(claim: ClaimName, deadline: float) -> Allocation:
        try:
            return read(claim, deadline)
        except Refusal as error:
            if "not allocated" in str(error):
                return Allocation((), ())
            raise

    put(driver.claims, "read", accept)


@defect("foreign-results")
def _foreign_results(driver: Driver) -> None:
    put(driver.claims, "own_results", lambda devices: list(devices.get("results", ())))


@defect("config-scope-ignored")
def _config_scope_ignored(driver: Driver) -> None:
    put(driver.scope, "applies", lambda *_: True)


@defect("bad-config-accepted")
def _bad_config_accepted(driver: Driver) -> None:
    parse = driver.scope._parse

    def accept(parameters: Any) -> Mapping[str, str]:
        try:
            return parse(parameters)
        except Refusal:
            return EXCLUSIVE

    put(driver.scope, "_parse", accept)


@defect("bad-config-leaks")
def _bad_config_leaks(driver: Driver) -> None:
    choose = driver.core.choose

    def leak(claim: ClaimName, allocation: Allocation) -> PreparedClaim:
        bare = choose(claim, Allocation(allocation.results, ()))
        driver.ledger.enter(bare)
        driver.cdi.write(bare)
        return choose(claim, allocation)

    put(driver.core, "choose", leak)


@defect("device-dropped")
def _device_dropped(driver: Driver) -> None:
    def drop(answer: Answer, *_: object) -> Answer:
        kept = answer.devices[:-1] if len(answer.devices) > 1 else answer.devices
        return Answer(kept, answer.error)

    after(driver.core, "answer", drop)


def _requests(driver: Driver, change: Callable[[PreparedDevice], list[str]]) -> None:
    def rename(message: Any, device: PreparedDevice, *_: object) -> Any:
        del message.request_names[:]
        message.request_names.extend(change(device))
        return message

    for plugin in (driver.plugin_v1, driver.plugin_v1beta1):
        after(plugin, "device", rename)


@defect("subrequest-returned")
def _subrequest_returned(driver: Driver) -> None:
    _requests(driver, lambda device: [device.request])


@defect("request-names-empty")
def _request_names_empty(driver: Driver) -> None:
    _requests(driver, lambda _: [])


@defect("double-prepare")
def _double_prepare(driver: Driver) -> None:
    put(driver.ledger, "check_exclusive", nothing)


@defect("stale-allocation")
def _stale_allocation(driver: Driver) -> None:
    choose = driver.core.choose

    def remember(claim: ClaimName, allocation: Allocation) -> PreparedClaim:
        return driver.ledger.get(claim.uid) or choose(claim, allocation)

    put(driver.core, "choose", remember)


@defect("config-lost-on-restart")
def _config_lost_on_restart(driver: Driver) -> None:
    earlier = _loaded(driver)

    def reset(chosen: PreparedClaim, claim: ClaimName, *_: object) -> PreparedClaim:
        if claim.uid not in earlier:
            return chosen
        bare = tuple(replace(device, settings=EXCLUSIVE) for device in chosen.devices)
        return PreparedClaim(chosen.claim, bare)

    after(driver.core, "choose", reset)


@defect("api-outage-hangs")
def _api_outage_hangs(driver: Driver) -> None:
    fetch = driver.claims.fetch

    def insist(claim: ClaimName, _deadline: float) -> Mapping[str, Any]:
        while True:
            try:
                return fetch(claim, time.monotonic() + 5)
            except Exception as error:
                if getattr(error, "status", 0) in range(400, 500) or isinstance(error, Refusal):
                    raise
                time.sleep(0.5)

    put(driver.claims, "fetch", insist)
