"""The kubelet's bookkeeping of pods and claims: when a driver is called, and when it is not."""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from drawplate.conformance.bench.claims import ClaimObject, ClaimRef, reserved_for
from drawplate.conformance.bench.results import Outcome, Prepared, PreparedDevice, Unprepared
from drawplate.conformance.bench.versions import PREPARE, UNPREPARE

Result_co = TypeVar("Result_co", bound=Outcome, covariant=True)


class _PendingCall(Protocol[Result_co]):
    def results(self, timeout: float | None = None) -> Mapping[str, Result_co]: ...


class _Begin(Protocol[Result_co]):
    def __call__(self, *claims: ClaimRef, driver: str = "") -> _PendingCall[Result_co]: ...


@dataclass(frozen=True, slots=True)
class PodClaims:
    """A pod with the claims that its spec lists, in that order."""

    uid: str
    name: str
    namespace: str
    claims: tuple[ClaimObject, ...]

    @classmethod
    def of(cls, pod: Mapping[str, Any], *claims: ClaimObject) -> "PodClaims":
        """Give the pod of an object, or of a reference with `name`, `uid` and `namespace`."""
        meta = pod.get("metadata", pod)
        namespace = meta.get("namespace") or claims[0]["metadata"]["namespace"]
        return cls(meta["uid"], meta["name"], namespace, tuple(claims))


@dataclass(frozen=True, slots=True)
class PodOutcome:
    """How one sync or removal of a pod ended; `outcomes` has what the drivers were asked.

    `error` is what the kubelet would report on the pod. A claim that is not in `outcomes` was
    prepared already, has other users, or was not reached before an error.
    """

    error: str = ""
    outcomes: tuple[Outcome, ...] = ()

    @property
    def ok(self) -> bool:
        """Say whether the pod could go on."""
        return not self.error


@dataclass(slots=True)
class _Entry:
    """What the kubelet keeps about one claim; the flags are not in its checkpoint."""

    claim: ClaimRef
    pods: set[str] = field(default_factory=set)
    devices: dict[str, tuple[PreparedDevice, ...]] = field(default_factory=dict)
    prepared: bool = False
    unpreparing: bool = False


class _Stop(Exception):
    """The first error, which ends the sync of a pod. `str()` is the error."""


class PodBook:
    """The claims in use on the node, kept by namespace and name, not by UID.

    Rules of kubernetes v1.37 pkg/kubelet/cm/dra/manager.go, prepareResources and
    unprepareResources. Where the kubelet's order of drivers is random, ours is by name.
    """

    def __init__(
        self,
        prepare: _Begin[Prepared],
        unprepare: _Begin[Unprepared],
        reaches: Callable[[str], bool],
        read_claim: Callable[[str, str], ClaimObject] | None = None,
    ) -> None:
        self._prepare = prepare
        self._unprepare = unprepare
        self._reaches = reaches
        self._read = read_claim
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, str], _Entry] = {}

    def sync_pod(self, pod: PodClaims) -> PodOutcome:
        """Prepare what the pod needs and what is not prepared yet: one call per driver."""
        outcomes: list[Outcome] = []
        try:
            claims = [self._checked(pod, claim) for claim in pod.claims]
            fresh = self._reserve(pod, claims)
            for driver, batch in _batches(fresh, PREPARE).items():
                answers = self._prepare(*batch, driver=driver).results()
                outcomes += answers.values()
                self._keep(driver, batch, answers)
            with self._lock:
                for claim in fresh:
                    self._entries[_key(claim)].prepared = True
        except _Stop as error:
            return PodOutcome(str(error), tuple(outcomes))
        return PodOutcome("", tuple(outcomes))

    def remove_pod(self, pod: PodClaims) -> PodOutcome:
        """Unprepare the pod's claims that have no other user; after an error all stay."""
        outcomes: list[Outcome] = []
        try:
            last = self._release(pod)
            for driver, batch in _batches(last, UNPREPARE).items():
                self._demand(driver)
                answers = self._unprepare(*batch, driver=driver).results()
                outcomes += answers.values()
                _stop_at_problem(batch, answers)
            with self._lock:
                for claim in last:
                    self._entries.pop(_key(claim), None)
        except _Stop as error:
            return PodOutcome(str(error), tuple(outcomes))
        return PodOutcome("", tuple(outcomes))

    def cdi_ids(
        self, claim: ClaimObject, requests: Sequence[str | None] = (None,)
    ) -> tuple[str, ...]:
        """Give the CDI names for a container that lists the claim once per entry of `requests`.

        They are the cached ones, whatever the driver would say now.
        """
        with self._lock:
            entry = self._entries[_key(ClaimRef.of(claim))]
        return tuple(
            name
            for request in requests
            for devices in entry.devices.values()
            for device in devices
            if request is None or not device.requests or request in device.requests
            for name in device.cdi_ids
        )

    def forget_flags(self) -> None:
        """Forget what a restart of the kubelet forgets."""
        with self._lock:
            for entry in self._entries.values():
                entry.prepared = entry.unpreparing = False

    def lose_checkpoint(self) -> None:
        """Forget everything, as when the kubelet's checkpoint file is gone after a restart."""
        with self._lock:
            self._entries.clear()

    def _checked(self, pod: PodClaims, claim: ClaimObject) -> ClaimRef:
        meta = claim["metadata"]
        current = self._read(meta["namespace"], meta["name"]) if self._read else claim
        ref = ClaimRef.of(current)
        if not reserved_for(current, pod.uid):
            raise _Stop(f"pod {pod.name} is not allowed to use ResourceClaim {ref.name}")
        if not ref.results:
            raise _Stop(f"ResourceClaim {ref.name} is not allocated")
        for driver in ref.drivers:
            if not ref.skips(driver, PREPARE):
                self._demand(driver)
        return ref

    def _demand(self, driver: str) -> None:
        if not self._reaches(driver):
            raise _Stop(f"DRA driver {driver} is not registered")

    def _reserve(self, pod: PodClaims, claims: Iterable[ClaimRef]) -> list[ClaimRef]:
        fresh = []
        with self._lock:
            for claim in claims:
                entry = self._entries.setdefault(_key(claim), _Entry(claim))
                if entry.claim.uid != claim.uid:
                    raise _Stop(f"ResourceClaim {claim.name} is still in use with another UID")
                if entry.unpreparing:
                    raise _Stop(f"ResourceClaim {claim.name} is being unprepared")
                entry.pods.add(pod.uid)
                if not entry.prepared:
                    fresh.append(entry.claim)
        return fresh

    def _release(self, pod: PodClaims) -> list[ClaimRef]:
        last = []
        with self._lock:
            for entry in self._entries.values():
                if pod.uid not in entry.pods:
                    continue
                if len(entry.pods) > 1:
                    entry.pods.discard(pod.uid)
                    continue
                entry.unpreparing = True
                last.append(entry.claim)
        return last

    def _keep(
        self, driver: str, batch: Sequence[ClaimRef], answers: Mapping[str, Prepared]
    ) -> None:
        with self._lock:
            for claim in batch:
                if answers[claim.uid].ok:
                    # The answer takes the place of an earlier one.
                    self._entries[_key(claim)].devices[driver] = answers[claim.uid].devices
        _stop_at_problem(batch, answers)


def _key(claim: ClaimRef) -> tuple[str, str]:
    return (claim.namespace, claim.name)


def _batches(claims: Iterable[ClaimRef], operation: str) -> dict[str, list[ClaimRef]]:
    batches: dict[str, list[ClaimRef]] = {}
    for claim in claims:
        for driver in claim.drivers:
            if not claim.skips(driver, operation):
                batches.setdefault(driver, []).append(claim)
    return dict(sorted(batches.items()))


def _stop_at_problem(batch: Sequence[ClaimRef], answers: Mapping[str, Outcome]) -> None:
    if len(answers) < len(batch):
        # A pod that lists one claim twice: the request has it twice, the reply cannot.
        raise _Stop(f"{len(batch) - len(answers)} ResourceClaims are not in the reply")
    for claim in batch:
        if not answers[claim.uid].ok:
            raise _Stop(f"ResourceClaim {claim.name}: {answers[claim.uid].problem}")
