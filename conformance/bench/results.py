"""What a driver answered, judged as the kubelet judges it; faults of the answer are data."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from drawplate.conformance.bench.claims import ClaimRef
from drawplate.conformance.bench.endpoint import Reply

# CDI specification, "CDI JSON files": vendor and class are letters, digits, "_", "-", "." between
# a letter and a letter or digit; device names may begin with a digit and have ":".
_NAME = r"[A-Za-z](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?"
QUALIFIED_NAME = re.compile(rf"{_NAME}/{_NAME}=[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class Violation:
    """One fault of a reply.

    `rule` is "missing-uid", "unknown-uid", "malformed-cdi-id", "no-pool", "no-device",
    "not-allocated", "not-answered", "unknown-request", "no-share-id" or "repeated-cdi-id".
    With `fatal` the pod does not start; the others the kubelet swallows.
    """

    rule: str
    text: str
    fatal: bool = False


@dataclass(frozen=True, slots=True)
class PreparedDevice:
    """One device of a reply; no `requests` means all requests of the claim."""

    requests: tuple[str, ...]
    pool: str
    device: str
    cdi_ids: tuple[str, ...]
    share_id: str | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one call of the driver meant for one claim.

    `status` is the name of the gRPC status when the call failed, "UNREGISTERED" when there was no
    driver to call, else None; `details` its text. `error` is the claim's own error. `call` is
    the number of the call in the log, `seconds` how long it took; two outcomes are equal when
    all but these two are.
    """

    uid: str
    status: str | None = None
    details: str = ""
    error: str | None = None
    violations: tuple[Violation, ...] = ()
    call: int = field(default=0, compare=False)
    seconds: float = field(default=0.0, compare=False)

    @property
    def ok(self) -> bool:
        """Say whether the kubelet would go on."""
        return not (self.status or self.error or any(one.fatal for one in self.violations))

    @property
    def problem(self) -> str:
        """What is wrong, in one line; "" when the kubelet would go on."""
        if self.status:
            return f"{self.status}: {self.details}"
        return self.error or "; ".join(one.text for one in self.violations if one.fatal)

    def breaks(self, rule: str) -> tuple[Violation, ...]:
        """Give the violations of one rule."""
        return tuple(one for one in self.violations if one.rule == rule)


@dataclass(frozen=True, slots=True)
class Prepared(Outcome):
    """What NodePrepareResources meant for one claim; `devices` in the order of the reply."""

    devices: tuple[PreparedDevice, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the devices, in the order of the reply."""
        return tuple(device.device for device in self.devices)

    def cdi_ids(self, request: str | None = None) -> tuple[str, ...]:
        """Give the CDI names that a container gets for the claim, or for one of its requests.

        As kubernetes v1.37 pkg/kubelet/cm/dra/claiminfo.go, cdiDevicesAsList: a device without
        request names goes to every request; nothing is de-duplicated.
        """
        return tuple(
            name
            for device in self.devices
            if request is None or not device.requests or request in device.requests
            for name in device.cdi_ids
        )


@dataclass(frozen=True, slots=True)
class Unprepared(Outcome):
    """What NodeUnprepareResources meant for one claim."""


def judge_prepare(reply: Reply, claims: Sequence[ClaimRef]) -> dict[str, Prepared]:
    """Give what a reply of NodePrepareResources means for each claim, by UID."""
    strangers = _strangers(reply, claims)
    judged = {}
    for claim in claims:
        fields = _outcome(reply, claim)
        answer = _answer(reply, claim)
        devices = tuple(_device(device) for device in answer.devices) if answer else ()
        if fields["error"]:
            devices = ()
        violations = (*fields["violations"], *strangers, *_faults(claim, devices, fields))
        judged[claim.uid] = Prepared(**(fields | {"violations": violations}), devices=devices)
    return judged


def judge_unprepare(reply: Reply, claims: Sequence[ClaimRef]) -> dict[str, Unprepared]:
    """Give what a reply of NodeUnprepareResources means for each claim, by UID."""
    strangers = _strangers(reply, claims)
    judged = {}
    for claim in claims:
        fields = _outcome(reply, claim)
        violations = (*fields["violations"], *strangers)
        judged[claim.uid] = Unprepared(**(fields | {"violations": violations}))
    return judged


def _answer(reply: Reply, claim: ClaimRef) -> Any | None:
    if reply.message is None or claim.uid not in reply.message.claims:
        return None
    return reply.message.claims[claim.uid]


def _outcome(reply: Reply, claim: ClaimRef) -> dict[str, Any]:
    answer = _answer(reply, claim)
    failed = reply.message is None
    missing = Violation("missing-uid", f"the reply has no entry for claim {claim.uid}", fatal=True)
    return {
        "uid": claim.uid,
        "status": reply.status if failed else None,
        "details": reply.error if failed else "",
        "error": (answer.error or None) if answer else None,
        "violations": () if failed or answer else (missing,),
        "call": reply.call.sequence,
        "seconds": reply.call.seconds,
    }


def _strangers(reply: Reply, claims: Sequence[ClaimRef]) -> tuple[Violation, ...]:
    if reply.message is None:
        return ()
    asked = {claim.uid for claim in claims}
    return tuple(
        Violation(
            "unknown-uid", f"the reply has an entry for claim {uid}, not asked for", fatal=True
        )
        for uid in sorted(reply.message.claims)
        if uid not in asked
    )


def _device(device: Any) -> PreparedDevice:
    share = device.share_id if "share_id" in device.DESCRIPTOR.fields_by_name else ""
    return PreparedDevice(
        tuple(device.request_names),
        device.pool_name,
        device.device_name,
        tuple(device.cdi_device_ids),
        share or None,
    )


def _faults(
    claim: ClaimRef, devices: Sequence[PreparedDevice], fields: Mapping[str, Any]
) -> Iterable[Violation]:
    for device in devices:
        yield from _device_faults(device)
    names = [name for device in devices for name in device.cdi_ids]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Violation("repeated-cdi-id", f"CDI name {name!r} is in the reply more than once")
    if claim.results and not (fields["status"] or fields["error"] or fields["violations"]):
        yield from _allocation_faults(claim, devices)


def _device_faults(device: PreparedDevice) -> Iterable[Violation]:
    if not device.pool:
        yield Violation("no-pool", f"device {device.device!r} has no pool name")
    if not device.device:
        yield Violation("no-device", f"a device of pool {device.pool!r} has no name")
    for name in device.cdi_ids:
        if not QUALIFIED_NAME.fullmatch(name):
            # The kubelet passes it on; the container runtime cannot resolve it.
            yield Violation("malformed-cdi-id", f"{name!r} is not vendor/class=name", fatal=True)


def _allocation_faults(claim: ClaimRef, devices: Sequence[PreparedDevice]) -> Iterable[Violation]:
    allocated = {(one.pool, one.device, one.share_id) for one in claim.results}
    places = {(pool, device) for pool, device, _ in allocated}
    requests = {one.request.partition("/")[0] for one in claim.results}
    for device in devices:
        name = f"{device.pool}/{device.device}"
        if (device.pool, device.device) not in places:
            yield Violation("not-allocated", f"device {name} is not in the claim's allocation")
        elif (device.pool, device.device, device.share_id) not in allocated:
            yield Violation("no-share-id", f"device {name} has share_id {device.share_id!r}")
        for request in set(device.requests) - requests:
            yield Violation("unknown-request", f"device {name} is for the unknown {request!r}")
    for pool, name in sorted(places - {(device.pool, device.device) for device in devices}):
        yield Violation(
            "not-answered", f"device {pool}/{name} of the allocation is not in the reply"
        )
