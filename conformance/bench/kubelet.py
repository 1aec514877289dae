"""We as the kubelet of one node: it registers drivers and calls them, and judges no one."""

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar, overload

from drawplate.conformance.bench import versions
from drawplate.conformance.bench.calls import CallLog
from drawplate.conformance.bench.cdi import CdiCache
from drawplate.conformance.bench.claims import ClaimObject, ClaimRef
from drawplate.conformance.bench.endpoint import (
    DEADLINE_SECONDS,
    Endpoint,
    PendingReply,
    Reply,
)
from drawplate.conformance.bench.paths import BenchPaths
from drawplate.conformance.bench.pods import PodBook
from drawplate.conformance.bench.registration import Registration
from drawplate.conformance.bench.registry import Registry
from drawplate.conformance.bench.results import (
    Outcome,
    Prepared,
    Unprepared,
    judge_prepare,
    judge_unprepare,
)
from drawplate.conformance.problems import Inconclusive

AnyClaim = ClaimObject | ClaimRef
Result = TypeVar("Result", bound=Outcome)
UNREGISTERED = "UNREGISTERED"


class Pending(Generic[Result]):
    """A prepare or unprepare call that is under way."""

    def __init__(
        self,
        claims: Sequence[ClaimRef],
        judge: Callable[[Reply, Sequence[ClaimRef]], dict[str, Result]],
        reply: PendingReply,
    ) -> None:
        self.claims = claims
        self._judge = judge
        self._reply = reply

    @property
    def done(self) -> bool:
        """Say whether the call has ended."""
        return self._reply.done

    def cancel(self) -> None:
        """Cancel the call; the outcomes then have the status "CANCELLED"."""
        self._reply.cancel()

    def result(self, timeout: float | None = None) -> Result:
        """Give the outcome of the only claim. Raises TimeoutError after `timeout` seconds."""
        (outcome,) = self.results(timeout).values()
        return outcome

    def results(self, timeout: float | None = None) -> dict[str, Result]:
        """Give the outcomes by claim UID. Raises TimeoutError after `timeout` seconds."""
        return self._judge(self._reply.result(timeout), self.claims)


class Kubelet:
    """The kubelet's side of plugin registration and of the DRAPlugin service.

    `driver` is the driver that calls go to when neither the call nor the claim's allocation names
    one. `read_claim` gives a fresh ResourceClaim by namespace and name; `pods` uses it as the
    kubelet uses the API server. `force_version` ("v1beta1") overrides the choice of the version.

    One prepare or unprepare is exactly one call with the claims in the given order; nothing is
    repeated and nothing is cached. `pods` has the kubelet's own bookkeeping on top.
    """

    def __init__(
        self,
        paths: BenchPaths,
        log: CallLog | None = None,
        *,
        driver: str = "",
        read_claim: Callable[[str, str], ClaimObject] | None = None,
    ) -> None:
        self.paths = paths
        self.log = log or CallLog()
        self.driver = driver
        self.force_version = ""
        self.cdi = CdiCache(paths.cdi)
        self.registry = Registry(paths.registry, self.log)
        self.pods = PodBook(self.begin_prepare, self.begin_unprepare, self._reaches, read_claim)

    def start(self) -> None:
        """Begin to watch the registration folder."""
        self.registry.start()

    def stop(self) -> None:
        """End without a word to the drivers: connections are dropped, calls are cancelled."""
        self.registry.stop()

    def restart(self) -> None:
        """Be a new kubelet process on the same node.

        Connections are dropped, the flags that live in memory only are forgotten (the checkpoint
        keeps claims, pods and devices: kubernetes v1.37 pkg/kubelet/cm/dra/claiminfo.go), and
        the registration folder is walked again. `registry` is a new one.
        """
        self.stop()
        self.registry = Registry(self.paths.registry, self.log)
        self.pods.forget_flags()
        self.start()

    def registered(
        self, driver: str = "", budget: float = 30.0, *, after: Registration | None = None
    ) -> Registration:
        """Wait for the registration of a driver, for a new one `after` one if that is given.

        Raises Inconclusive after `budget` seconds.
        """
        return self.registry.registered(driver or self.driver, budget, after=after)

    # Preparing and unpreparing.

    @overload
    def prepare(
        self, claim: AnyClaim, /, *, deadline: float = ..., driver: str = ...
    ) -> Prepared: ...
    @overload
    def prepare(
        self,
        first: AnyClaim,
        second: AnyClaim,
        /,
        *more: AnyClaim,
        deadline: float = ...,
        driver: str = ...,
    ) -> dict[str, Prepared]: ...
    def prepare(
        self, *claims: AnyClaim, deadline: float = DEADLINE_SECONDS, driver: str = ""
    ) -> Prepared | dict[str, Prepared]:
        """Call NodePrepareResources once: one Prepared for one claim, else a dict by UID."""
        pending = self.begin_prepare(*claims, deadline=deadline, driver=driver)
        return pending.result() if len(claims) == 1 else pending.results()

    @overload
    def unprepare(
        self, claim: AnyClaim, /, *, deadline: float = ..., driver: str = ...
    ) -> Unprepared: ...
    @overload
    def unprepare(
        self,
        first: AnyClaim,
        second: AnyClaim,
        /,
        *more: AnyClaim,
        deadline: float = ...,
        driver: str = ...,
    ) -> dict[str, Unprepared]: ...
    def unprepare(
        self, *claims: AnyClaim, deadline: float = DEADLINE_SECONDS, driver: str = ""
    ) -> Unprepared | dict[str, Unprepared]:
        """Call NodeUnprepareResources once: one Unprepared for one claim, else a dict by UID."""
        pending = self.begin_unprepare(*claims, deadline=deadline, driver=driver)
        return pending.result() if len(claims) == 1 else pending.results()

    def prepared(self, claim: AnyClaim, *, driver: str = "") -> Prepared:
        """Prepare a claim as the premise of a test. Raises Inconclusive when that fails."""
        outcome = self.prepare(claim, driver=driver)
        if not outcome.ok:
            raise Inconclusive(f"the claim could not be prepared: {outcome.problem}")
        return outcome

    def unprepared(self, claim: AnyClaim, *, driver: str = "") -> Unprepared:
        """Unprepare a claim as the premise of a test. Raises Inconclusive when that fails."""
        outcome = self.unprepare(claim, driver=driver)
        if not outcome.ok:
            raise Inconclusive(f"the claim could not be unprepared: {outcome.problem}")
        return outcome

    def begin_prepare(
        self, *claims: AnyClaim, deadline: float = DEADLINE_SECONDS, driver: str = ""
    ) -> Pending[Prepared]:
        """Start NodePrepareResources in the background; several calls may be under way at once."""
        refs, reply = self._begin(versions.PREPARE, claims, deadline, driver)
        return Pending(refs, judge_prepare, reply)

    def begin_unprepare(
        self, *claims: AnyClaim, deadline: float = DEADLINE_SECONDS, driver: str = ""
    ) -> Pending[Unprepared]:
        """Start NodeUnprepareResources in the background."""
        refs, reply = self._begin(versions.UNPREPARE, claims, deadline, driver)
        return Pending(refs, judge_unprepare, reply)

    # Calls as they are, for fault tests.

    def call(
        self,
        method: str,
        claims: Iterable[AnyClaim],
        *,
        deadline: float = DEADLINE_SECONDS,
        version: str = "",
        driver: str = "",
    ) -> Reply:
        """Call `method` in the version "v1" or "v1beta1" and give the bare reply.

        `claims` may be any, also none, twice the same, or made up.
        """
        refs = [ClaimRef.of(claim) for claim in claims]
        target = self._target(refs, driver)
        return self._send(method, refs, target, deadline, version).result()

    def call_bytes(
        self, path: str, payload: bytes, *, deadline: float = DEADLINE_SECONDS, driver: str = ""
    ) -> Reply:
        """Send raw bytes to a gRPC method. Raises Inconclusive when no driver is registered."""
        target = self._target((), driver)
        endpoint = self.registry.endpoint(target)
        if endpoint is None:
            raise Inconclusive(f"driver {target!r} is not registered")
        return endpoint.call_bytes(path, payload, deadline)

    def _begin(
        self, method: str, claims: Sequence[AnyClaim], deadline: float, driver: str
    ) -> tuple[list[ClaimRef], PendingReply]:
        refs = [ClaimRef.of(claim) for claim in claims]
        target = self._target(refs, driver)
        reply = self._send(method, refs, target, deadline, "")
        return [ref.of_driver(target) for ref in refs], reply

    def _send(
        self, method: str, refs: Sequence[ClaimRef], driver: str, deadline: float, version: str
    ) -> PendingReply:
        endpoint: Endpoint | None = self.registry.endpoint(driver)
        forced = version or self.force_version
        service = versions.service(forced) if forced else None
        if endpoint is None:
            opened = self.log.begin(
                method, {"claims": [_named(ref) for ref in refs]}, driver=driver
            )
            return PendingReply(opened).fail(UNREGISTERED, f"driver {driver!r} is not registered")
        return endpoint.begin(method, refs, deadline=deadline, service=service)

    def _target(self, refs: Sequence[ClaimRef], driver: str) -> str:
        named = {name for ref in refs for name in ref.drivers}
        if driver or self.driver or len(named) == 1:
            return driver or self.driver or named.pop()
        standing = {one.name for one in self.registry.registrations}
        if len(standing) == 1:
            return standing.pop()
        raise Inconclusive(f"which driver to call is not clear: {sorted(named | standing)}")

    def _reaches(self, driver: str) -> bool:
        return self.registry.endpoint(driver) is not None


def _named(ref: ClaimRef) -> dict[str, str]:
    return {"namespace": ref.namespace, "uid": ref.uid, "name": ref.name}
