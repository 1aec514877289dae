"""The drivers that are registered now: the kubelet's plugin manager, and what it saw."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from drawplate.conformance.bench.calls import CallLog
from drawplate.conformance.bench.endpoint import Endpoint
from drawplate.conformance.bench.registration import (
    Introduction,
    Refusal,
    Refused,
    Registration,
)
from drawplate.conformance.bench.watcher import FolderWatcher
from drawplate.conformance.problems import Inconclusive

# kubernetes v1.37 pkg/util/goroutinemap/exponentialbackoff: after a failed attempt 0.5 s, doubled
# each time, at most 2 min 2 s. The kubelet looks once a second on top of that; we do not wait.
FIRST_RETRY_SECONDS = 0.5
LONGEST_RETRY_SECONDS = 122.0


@dataclass(slots=True)
class _Socket:
    """What is known about one path: which socket is wanted, and which one is registered."""

    wanted: int = 0  # the number of the appearance that should be registered; 0 for none
    registered: int = 0
    registration: Registration | None = None
    endpoint: Endpoint | None = None
    failures: int = 0
    retry_at: float = 0.0


@dataclass(slots=True)
class _Store:
    """The endpoints of each driver in the order in which they were registered."""

    endpoints: dict[str, list[Endpoint]] = field(default_factory=dict)

    def add(self, endpoint: Endpoint) -> None:
        self.endpoints.setdefault(endpoint.driver, []).append(endpoint)

    def has(self, driver: str, socket: str) -> bool:
        return any(one.socket == socket for one in self.endpoints.get(driver, ()))

    def remove(self, endpoint: Endpoint) -> None:
        left = [one for one in self.endpoints.get(endpoint.driver, ()) if one is not endpoint]
        self.endpoints[endpoint.driver] = left

    def best(self, driver: str) -> Endpoint | None:
        """Give the youngest connected endpoint, else the youngest (dra_plugin_manager.go, get)."""
        endpoints = self.endpoints.get(driver, [])
        connected = [one for one in endpoints if one.connected]
        candidates = connected or endpoints
        return candidates[-1] if candidates else None


class Registry:
    """Watches the registration folder and keeps the drivers registered, as the kubelet does.

    Sources: kubernetes v1.37 pkg/kubelet/pluginmanager (watcher, reconciler, operation
    generator) and pkg/kubelet/cm/dra/plugin/dra_plugin_manager.go.
    """

    def __init__(self, folder: Path, log: CallLog) -> None:
        self._log = log
        self._changed = threading.Condition()
        self._sockets: dict[str, _Socket] = {}
        self._store = _Store()
        self._appearances = 0
        self._refusals: list[Refusal] = []
        self._departures: list[Registration] = []
        self._stopping = False
        self._workers: dict[str, threading.Thread] = {}
        self._conversations: set[Introduction] = set()
        self._watcher = FolderWatcher(folder, self._appeared, self._vanished)

    def start(self) -> None:
        """Start to watch; sockets that are there already are registered."""
        self._watcher.start()

    def stop(self) -> None:
        """Drop every connection and forget everything, as when the kubelet ends.

        No driver is told, just as the kubelet tells none.
        """
        self._watcher.stop()
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
            workers = list(self._workers.values())
            conversations = tuple(self._conversations)
        for conversation in conversations:
            conversation.abort()
        for worker in workers:
            worker.join()
        with self._changed:
            endpoints = [one for several in self._store.endpoints.values() for one in several]
            self._store.endpoints.clear()
            self._sockets.clear()
        for endpoint in endpoints:
            endpoint.close()

    # What tests read.

    @property
    def registrations(self) -> tuple[Registration, ...]:
        """The registrations that stand, oldest first."""
        with self._changed:
            standing = [one.registration for one in self._sockets.values() if one.registration]
        return tuple(sorted(standing, key=lambda registration: registration.at))

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """Every attempt that failed, in order."""
        with self._changed:
            return tuple(self._refusals)

    @property
    def departures(self) -> tuple[Registration, ...]:
        """Every registration that ended, in order."""
        with self._changed:
            return tuple(self._departures)

    def endpoint(self, driver: str) -> Endpoint | None:
        """Give the endpoint that the kubelet would call now, or None without a registration."""
        with self._changed:
            return self._store.best(driver)

    def registered(
        self, driver: str, budget: float, *, after: Registration | None = None
    ) -> Registration:
        """Wait until `driver` is registered (again, `after` one) and give the youngest.

        Raises Inconclusive after `budget` seconds; its text has the last refusals.
        """
        registration = self.registration(driver, within=budget, after=after)
        if registration is None:
            seen = "; ".join(f"{one.socket}: {one.reason}" for one in self.refusals[-3:])
            raise Inconclusive(
                f"driver {driver!r} has not registered within {budget:g} s "
                f"({seen or 'no attempt was refused'})"
            )
        return registration

    def registration(
        self, driver: str, *, within: float = 0.0, after: Registration | None = None
    ) -> Registration | None:
        """Give the youngest registration of `driver`, waiting for one at most `within` seconds."""
        since = after.at if after else float("-inf")

        def standing() -> list[Registration]:
            return [one for one in self.registrations if one.name == driver and one.at > since]

        self.wait(lambda: bool(standing()), within)
        return next(iter(reversed(standing())), None)

    def wait(self, condition: Callable[[], bool], budget: float) -> bool:
        """Wait until `condition()` is true, at most `budget` seconds; say whether it is.

        It is asked again after each appearance, registration, refusal and departure.
        """
        with self._changed:
            return self._changed.wait_for(condition, budget)

    # What the watcher reports.

    def _appeared(self, path: str) -> None:
        with self._changed:
            self._appearances += 1
            self._sockets.setdefault(path, _Socket()).wanted = self._appearances
            self._wake(path)

    def _vanished(self, path: str) -> None:
        with self._changed:
            if path in self._sockets:
                self._sockets[path].wanted = 0
                self._wake(path)

    def _wake(self, path: str) -> None:
        self._changed.notify_all()
        if path not in self._workers and not self._stopping:
            worker = threading.Thread(target=self._work, args=(path,), daemon=True)
            self._workers[path] = worker
            worker.start()

    # One worker per socket, for as long as there is something to do about the socket: operations
    # on one socket never overlap.

    def _work(self, path: str) -> None:
        known = self._sockets[path]
        while (appearance := self._next(path, known)) is not None:
            if known.registered:
                self._unregister(known)
            else:
                self._register(path, known, appearance)

    def _next(self, path: str, known: _Socket) -> int | None:
        with self._changed:
            while not self._stopping and (known.wanted or known.registered):
                if self._due(known):
                    return known.wanted
                self._changed.wait(self._rest(known))
            del self._workers[path]
            return None

    @staticmethod
    def _due(known: _Socket) -> bool:
        return known.wanted != known.registered and time.monotonic() >= known.retry_at

    @staticmethod
    def _rest(known: _Socket) -> float | None:
        if known.wanted == known.registered:
            return None
        return max(0.0, known.retry_at - time.monotonic())

    def _unregister(self, known: _Socket) -> None:
        endpoint, registration = known.endpoint, known.registration
        with self._changed:
            known.registered, known.registration, known.endpoint = 0, None, None
            known.failures, known.retry_at = 0, 0.0
            if registration:
                self._departures.append(registration)
            self._changed.notify_all()
        if endpoint:
            self._drop(endpoint)

    def _register(self, path: str, known: _Socket, appearance: int) -> None:
        conversation = Introduction(path, self._log)
        with self._changed:
            self._conversations.add(conversation)
            if self._stopping:
                conversation.abort()
        try:
            with conversation as plugin:
                registration, endpoint = self._introduce(plugin)
        except Refused as refused:
            self._note(path, known, refused)
            return
        finally:
            with self._changed:
                self._conversations.discard(conversation)
        with self._changed:
            known.registered, known.registration = appearance, registration
            known.endpoint = endpoint
            known.failures, known.retry_at = 0, 0.0
            self._changed.notify_all()

    def _introduce(self, plugin: Introduction) -> tuple[Registration, Endpoint]:
        info = plugin.ask()
        service = plugin.check(info)
        socket = info.endpoint or plugin.socket
        with self._changed:
            taken = self._store.has(info.name, socket)
        if taken:
            reason = f"endpoint {socket} is registered for {info.name!r} already"
            raise plugin.refuse(info, "endpoint", reason)
        endpoint = Endpoint(info.name, socket, service, self._log)
        self._keep(endpoint)
        try:
            # Told last: a plugin that hears "registered" may be called from then on.
            plugin.tell(info)
        except Refused:
            self._drop(endpoint)
            raise
        offered = tuple(info.supported_versions)
        registration = Registration(
            info.name, socket, offered, service.name, plugin.socket, time.monotonic()
        )
        return registration, endpoint

    def _keep(self, endpoint: Endpoint) -> None:
        with self._changed:
            self._store.add(endpoint)

    def _drop(self, endpoint: Endpoint) -> None:
        with self._changed:
            self._store.remove(endpoint)
        endpoint.close()

    def _note(self, path: str, known: _Socket, refused: Refused) -> None:
        with self._changed:
            known.failures += 1
            wait = min(FIRST_RETRY_SECONDS * 2 ** (known.failures - 1), LONGEST_RETRY_SECONDS)
            now = time.monotonic()
            known.retry_at = now + wait
            self._refusals.append(
                Refusal(path, refused.step, str(refused), known.failures, wait, now, refused.info)
            )
            self._changed.notify_all()
