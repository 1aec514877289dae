"""Preparing and unpreparing claims: the order of steps, and what happens to claims in one batch.

Prepare: read the claim and check everything, enter it into the ledger (checkpoint), write its CDI
file, answer. Unprepare: remove the CDI file, strike the claim off the ledger, answer. So the
ledger knows of every CDI file, and whatever step a crash comes after, the same call again, or
`restore` at the next start, ends as if there had been no crash:

    after entering          the file is missing: written by the next Prepare or by `restore`
    after writing           done, the answer was lost: the next Prepare changes nothing
    after removing          the next Unprepare strikes the claim; `restore` may write the file
                            once more before, which that Unprepare removes

Calls for one UID come one after another, calls for different claims side by side.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from drawplate.driver.api import ApiError
from drawplate.driver.cdi import CdiFolder, is_safe
from drawplate.driver.claim_locks import ClaimLocks
from drawplate.driver.claims import Allocation, Claims, Result
from drawplate.driver.hardware import Hardware
from drawplate.driver.ledger import Ledger
from drawplate.driver.metrics import Metrics
from drawplate.driver.prepared import ClaimName, PreparedClaim, PreparedDevice, Refusal
from drawplate.driver.scope import Scope

_log = logging.getLogger(__name__)

_WORKERS = 32

# What the world does to a driver; anything else is a defect of ours and logged with its place.
_FORESEEN = (Refusal, OSError, ApiError)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the kubelet is told of one claim: devices with their CDI names, or an error."""

    devices: tuple[tuple[PreparedDevice, tuple[str, ...]], ...] = ()
    error: str = ""


class Core:
    """Prepares and unprepares claims of one node."""

    # Its collaborators, each of which can be replaced.
    def __init__(  # noqa: PLR0913
        self,
        *,
        pool: str,
        claims: Claims,
        scope: Scope,
        hardware: Hardware,
        ledger: Ledger,
        cdi: CdiFolder,
        metrics: Metrics,
    ) -> None:
        self._pool = pool
        self._claims = claims
        self._scope = scope
        self._hardware = hardware
        self._ledger = ledger
        self._cdi = cdi
        self._metrics = metrics
        self._locks = ClaimLocks()
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="claim")

    def prepare(self, claims: Sequence[ClaimName], deadline: float) -> dict[str, Answer]:
        """Prepare claims, and give an answer for each UID; `deadline` is in time.monotonic()."""
        return self._each("prepare", claims, lambda claim: self.prepare_one(claim, deadline))

    def unprepare(self, claims: Sequence[ClaimName]) -> dict[str, Answer]:
        """Unprepare claims, and give an answer for each UID."""
        return self._each("unprepare", claims, self.unprepare_one)

    def prepare_one(self, claim: ClaimName, deadline: float) -> Answer:
        """Prepare one claim, or prepare it again. Raises what keeps it from being prepared."""
        if not is_safe(claim.uid):
            raise Refusal(f"{claim.uid!r} is not a UID")
        with self._locks.hold(claim.uid):
            allocation = self._claims.read(claim, deadline)
            prepared = self.choose(claim, allocation)
            known = self._ledger.get(claim.uid) is not None
            self._ledger.enter(prepared)
            try:
                self._cdi.write(prepared)
            except Exception:
                if not known:
                    self._give_back(claim.uid)
                raise
        return self.answer(prepared)

    def unprepare_one(self, claim: ClaimName) -> Answer:
        """Free what the claim holds; it may hold nothing. Raises what keeps it from being freed.

        Needs neither the API server, where the claim may be gone, nor the hardware.
        """
        with self._locks.hold(claim.uid):
            self._cdi.remove(claim.uid)
            self._ledger.strike(claim.uid)
        return Answer()

    def restore(self) -> int:
        """Mend the CDI files of prepared claims; give how many were missing or damaged."""
        return sum(self._restore(record.claim.uid) for record in self._ledger.all())

    def choose(self, claim: ClaimName, allocation: Allocation) -> PreparedClaim:
        """Give the record of what the claim is to have. Raises Refusal."""
        devices = (self._device(result, allocation) for result in allocation.results)
        return PreparedClaim(claim, tuple(devices))

    def answer(self, prepared: PreparedClaim) -> Answer:
        """Give what the kubelet is told of a prepared claim."""
        return Answer(
            tuple(
                (device, tuple(self._cdi.identifiers(prepared, device)))
                for device in prepared.devices
            )
        )

    def stop(self) -> None:
        """Wait for what is under way."""
        self._workers.shutdown()

    def _device(self, result: Result, allocation: Allocation) -> PreparedDevice:
        device = self._hardware.find(result.device)
        if device is None:
            raise Refusal(f"device {result.device!r} is not there, or not any more")
        pool = device.pool or self._pool
        if result.pool != pool:
            raise Refusal(
                f"pool {result.pool!r} does not have device {result.device!r}, "
                f"whose pool is {pool!r}"
            )
        return PreparedDevice(
            request=result.request,
            pool=result.pool,
            device=result.device,
            edits=device.edits,
            admin_access=result.admin_access,
            share_id=result.share_id,
            settings=self._scope.settings(allocation.configurations, result.request),
        )

    def _restore(self, uid: str) -> bool:
        # A call for the claim that is under way ends with the file as it must be.
        with self._locks.try_hold(uid) as held:
            current = self._ledger.get(uid) if held else None
            try:
                return current is not None and bool(self._cdi.write(current))
            except OSError as error:
                _log.warning("cannot restore a CDI file", extra={"uid": uid, "error": str(error)})
                return False

    def _give_back(self, uid: str) -> None:
        # The record stays when the disk refuses this too; the kubelet's Unprepare will strike it.
        with suppress(OSError):
            self._ledger.strike(uid)

    def _each(
        self, operation: str, claims: Sequence[ClaimName], work: Callable[[ClaimName], Answer]
    ) -> dict[str, Answer]:
        def run(claim: ClaimName) -> Answer:
            return self._guarded(operation, claim, work)

        # Nearly all batches are of one claim, which needs no thread of its own.
        answers: Iterator[Answer] = (
            map(run, claims) if len(claims) == 1 else self._workers.map(run, claims)
        )
        return {claim.uid: answer for claim, answer in zip(claims, answers, strict=True)}

    def _guarded(
        self, operation: str, claim: ClaimName, work: Callable[[ClaimName], Answer]
    ) -> Answer:
        began = time.monotonic()
        try:
            answer = work(claim)
        # Whatever it is, one claim's failure must not hide the others.
        except Exception as error:  # noqa: BLE001
            answer = Answer(error=f"{operation}: {_told(error)}")
            _log.error(
                "claim not %sd",
                operation,
                extra={**_fields(claim), "error": _told(error)},
                exc_info=None if isinstance(error, _FORESEEN) else error,
            )
        else:
            _log.info("claim %sd", operation, extra=_fields(claim, answer))
        self._metrics.observe(operation, time.monotonic() - began, failed=bool(answer.error))
        return answer


def _told(error: Exception) -> str:
    return str(error) if isinstance(error, _FORESEEN) else f"{type(error).__name__}: {error}"


def _fields(claim: ClaimName, answer: Answer | None = None) -> Mapping[str, object]:
    fields: dict[str, object] = {"claim": f"{claim.namespace}/{claim.name}", "uid": claim.uid}
    if answer is not None and answer.devices:
        fields["devices"] = [device.device for device, _ in answer.devices]
    return fields
