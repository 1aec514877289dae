"""A driver inside the test process that does exactly what a test tells it, right or wrong."""

import json
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent import futures
from pathlib import Path
from typing import Any, Self

import grpc

from drawplate.conformance.bench.paths import BenchPaths
from drawplate.conformance.bench.versions import SERVICES
from drawplate.driver.wire import (
    dra_v1_pb2,
    dra_v1_pb2_grpc,
    dra_v1beta1_pb2,
    dra_v1beta1_pb2_grpc,
    registration_pb2,
    registration_pb2_grpc,
)

NAME = "scripted.example"
Answer = dict[str, Any]  # by claim UID: {"devices": [...], "error": "..."}
Answering = Callable[[Sequence[Any]], Answer]


def device(name: str, *cdi_ids: str, requests: Iterable[str] = ("gpu",), pool: str = "node") -> Any:
    """Give one device of an answer."""
    return {
        "request_names": list(requests),
        "pool_name": pool,
        "device_name": name,
        "cdi_device_ids": list(cdi_ids),
    }


def good(claims: Sequence[Any]) -> Answer:
    """Prepare one device per claim."""
    return {
        claim.uid: {"devices": [device("gpu-0", f"{NAME}/gpu={claim.uid}")]} for claim in claims
    }


def done(claims: Sequence[Any]) -> Answer:
    """Unprepare every claim."""
    return {claim.uid: {} for claim in claims}


class ScriptedDriver(registration_pb2_grpc.RegistrationServicer):
    """Serves registration and DRAPlugin on UNIX sockets below `paths`.

    `prepare` and `unprepare` make the answers and may sleep or raise; `info` overrides fields of
    the registration; `refuse_notify` makes NotifyRegistrationStatus fail. `requests` are the
    calls seen, as (version, method, claim UIDs).
    """

    def __init__(self, paths: BenchPaths, *, name: str = NAME, one_socket: bool = False) -> None:
        self.name = name
        self.registration_socket = paths.registry / f"{name}-reg.sock"
        self.socket = paths.plugins / name / "dra.sock"
        self.one_socket = one_socket
        self.prepare: Answering = good
        self.unprepare: Answering = done
        self.info: dict[str, Any] = {}
        self.refuse_notify = False
        self.slow_info = 0.0
        self.requests: list[tuple[str, str, tuple[str, ...]]] = []
        self.notified: list[tuple[bool, str]] = []
        self.release = threading.Event()
        self._servers: list[grpc.Server] = []

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Serve; the registration socket comes last, as drivers do."""
        if not self.one_socket:
            self.serve(self.socket, registration=False)
        self.serve(self.registration_socket, registration=True)

    def serve(self, socket: Path, *, registration: bool) -> None:
        """Listen on one socket."""
        socket.parent.mkdir(parents=True, exist_ok=True)
        server = grpc.server(futures.ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
        if registration:
            registration_pb2_grpc.add_RegistrationServicer_to_server(self, server)
        if self.one_socket or not registration:
            dra_v1_pb2_grpc.add_DRAPluginServicer_to_server(_V1(self), server)
            dra_v1beta1_pb2_grpc.add_DRAPluginServicer_to_server(_V1Beta1(self), server)
        assert server.add_insecure_port(f"unix:{socket}")
        server.start()
        self._servers.append(server)

    def stop(self) -> None:
        """End; gRPC deletes the sockets."""
        self.release.set()
        for server in reversed(self._servers):
            server.stop(None).wait()
        self._servers.clear()

    def GetInfo(self, _request: Any, _context: grpc.ServicerContext) -> Any:  # noqa: N802 gRPC's name
        if self.slow_info:
            self.release.wait(self.slow_info)
        fields = {
            "type": "DRAPlugin",
            "name": self.name,
            "endpoint": "" if self.one_socket else str(self.socket),
            "supported_versions": list(SERVICES),
        }
        return registration_pb2.PluginInfo(**(fields | self.info))

    def NotifyRegistrationStatus(  # noqa: N802 gRPC's name
        self, request: Any, context: grpc.ServicerContext
    ) -> Any:
        self.notified.append((request.plugin_registered, request.error))
        if self.refuse_notify:
            context.abort(grpc.StatusCode.INTERNAL, "no thanks")
        return registration_pb2.RegistrationStatusResponse()

    def answer(self, version: str, method: str, request: Any) -> Answer:
        """Note the request and give the answers."""
        self.requests.append((version, method, tuple(claim.uid for claim in request.claims)))
        act = self.prepare if method == "NodePrepareResources" else self.unprepare
        return act(request.claims)


class _V1(dra_v1_pb2_grpc.DRAPluginServicer):
    def __init__(self, driver: ScriptedDriver) -> None:
        self._driver = driver

    def NodePrepareResources(self, request: Any, _context: Any) -> Any:  # noqa: N802 gRPC's name
        claims = self._driver.answer("v1", "NodePrepareResources", request)
        return dra_v1_pb2.NodePrepareResourcesResponse(claims=_prepared(dra_v1_pb2, claims))

    def NodeUnprepareResources(self, request: Any, _context: Any) -> Any:  # noqa: N802 gRPC's name
        claims = self._driver.answer("v1", "NodeUnprepareResources", request)
        return dra_v1_pb2.NodeUnprepareResourcesResponse(claims=_unprepared(dra_v1_pb2, claims))


class _V1Beta1(dra_v1beta1_pb2_grpc.DRAPluginServicer):
    def __init__(self, driver: ScriptedDriver) -> None:
        self._driver = driver

    def NodePrepareResources(self, request: Any, _context: Any) -> Any:  # noqa: N802 gRPC's name
        claims = _prepared(
            dra_v1beta1_pb2, self._driver.answer("v1beta1", "NodePrepareResources", request)
        )
        return dra_v1beta1_pb2.NodePrepareResourcesResponse(claims=claims)

    def NodeUnprepareResources(self, request: Any, _context: Any) -> Any:  # noqa: N802 gRPC's name
        claims = _unprepared(
            dra_v1beta1_pb2, self._driver.answer("v1beta1", "NodeUnprepareResources", request)
        )
        return dra_v1beta1_pb2.NodeUnprepareResourcesResponse(claims=claims)


def _prepared(messages: Any, claims: Answer) -> dict[str, Any]:
    return {
        uid: messages.NodePrepareResourceResponse(
            devices=[messages.Device(**one) for one in answer.get("devices", ())],
            error=answer.get("error", ""),
        )
        for uid, answer in claims.items()
    }


def _unprepared(messages: Any, claims: Answer) -> dict[str, Any]:
    return {
        uid: messages.NodeUnprepareResourceResponse(error=answer.get("error", ""))
        for uid, answer in claims.items()
    }


def claim_object(
    name: str = "claim",
    uid: str = "uid-1",
    *,
    pods: Iterable[str] = (),
    drivers: Iterable[str] = (NAME,),
) -> dict[str, Any]:
    """Give a ResourceClaim that is allocated one device per driver and reserved for pods."""
    results = [
        {"request": "gpu", "driver": driver, "pool": "node", "device": "gpu-0"}
        for driver in drivers
    ]
    return {
        "metadata": {"namespace": "ns", "name": name, "uid": uid},
        "status": {
            "allocation": {"devices": {"results": results}},
            "reservedFor": [{"resource": "pods", "name": pod, "uid": pod} for pod in pods],
        },
    }


def write_spec(folder: Path, name: str, spec: dict[str, Any]) -> Path:
    """Write a CDI specification as JSON."""
    path = folder / name
    path.write_text(json.dumps(spec), encoding="utf-8")
    return path
