"""A scripted driver that writes down, in order, all that a kubelet asks of it."""

import threading
from typing import Any

import grpc

from drawplate.conformance.bench.paths import BenchPaths
from drawplate.conformance.bench.versions import UNPREPARE
from drawplate.conformance.selftest.bench.scripted import Answer, ScriptedDriver, device

Seen = tuple[str, ...]


class RecordingDriver(ScriptedDriver):
    """Prepares everything, with no CDI devices, and keeps each call with its claims' names.

    The real kubelet unprepares the claims of one pod in random order (pkg/kubelet/cm/dra/
    claiminfo.go: a Go map), so those of one call are sorted.
    """

    def __init__(self, paths: BenchPaths, *, endpoint: str = "") -> None:
        super().__init__(paths)
        self.info = {"endpoint": endpoint} if endpoint else {}
        self.prepare = lambda claims: {
            claim.uid: {"devices": [device("gpu-0")]} for claim in claims
        }
        self.seen: list[Seen] = []
        self._told = threading.Condition()
        self._registrations = 0

    def registered(self, times: int, budget: float) -> None:
        """Wait until a kubelet has said so many times that the driver is registered."""
        with self._told:
            assert self._told.wait_for(lambda: self._registrations >= times, budget), self.seen

    def GetInfo(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 gRPC's name
        self.seen.append(("GetInfo",))
        return super().GetInfo(request, context)

    def NotifyRegistrationStatus(  # noqa: N802 gRPC's name
        self, request: Any, context: grpc.ServicerContext
    ) -> Any:
        self.seen.append(("Notify", str(request.plugin_registered), request.error))
        with self._told:
            self._registrations += request.plugin_registered
            self._told.notify_all()
        return super().NotifyRegistrationStatus(request, context)

    def answer(self, version: str, method: str, request: Any) -> Answer:
        names = [claim.name for claim in request.claims]
        self.seen.append((version, method, *(sorted(names) if method == UNPREPARE else names)))
        return super().answer(version, method, request)
