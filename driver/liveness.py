"""/healthz and /metrics over HTTP; alive means that both sockets answer as the kubelet would call."""

import socket
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc

from drawplate.driver.metrics import Metrics
from drawplate.driver.wire import (
    dra_v1_pb2,
    dra_v1_pb2_grpc,
    registration_pb2,
    registration_pb2_grpc,
)

# The kubelet waits one second for GetInfo.
ANSWER_SECONDS = 1.0

# A connection of its own: one that is shared remembers the failures of the socket before.
_OPTIONS = (("grpc.use_local_subchannel_pool", 1),)


def check(registration: Path, service: Path, cdi: Path) -> str:
    """Call both sockets by their paths; give what is wrong, or nothing."""
    for folder in (registration.parent, service.parent, cdi):
        # What a container sees of a host's folder that was removed. Only a new one sees the new.
        if folder.exists() and folder.stat().st_nlink == 0:
            return f"{folder} was removed from the host"
    try:
        with grpc.insecure_channel(f"unix:{registration}", options=_OPTIONS) as channel:
            asked = registration_pb2.InfoRequest()
            registration_pb2_grpc.RegistrationStub(channel).GetInfo(asked, timeout=ANSWER_SECONDS)
        with grpc.insecure_channel(f"unix:{service}", options=_OPTIONS) as channel:
            nothing = dra_v1_pb2.NodePrepareResourcesRequest()
            stub = dra_v1_pb2_grpc.DRAPluginStub(channel)
            stub.NodePrepareResources(nothing, timeout=ANSWER_SECONDS)
    except grpc.RpcError as error:
        return f"a socket does not answer: {error.details()}"
    return ""


def serve(listening: socket.socket, check: Callable[[], str], metrics: Metrics) -> None:
    """Answer requests on a listening socket, for as long as the process lives."""
    pages = {"/healthz": lambda: _health(check()), "/metrics": lambda: (200, metrics.expose())}
    handler = type("Handler", (_Handler,), {"pages": pages})
    address = listening.getsockname()[:2]
    with ThreadingHTTPServer(address, handler, bind_and_activate=False) as server:
        server.daemon_threads = True
        server.socket.close()
        server.socket = listening
        server.serve_forever()


class _Handler(BaseHTTPRequestHandler):
    pages: dict[str, Callable[[], tuple[int, bytes]]]

    def do_GET(self) -> None:
        """Answer with one of the pages."""
        page = self.pages.get(self.path.partition("?")[0])
        status, body = page() if page else (404, b"not found\n")
        self.send_response(status)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    # The parameter's name is that of the overridden method.
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Keep access lines out of the log."""


def _health(problem: str) -> tuple[int, bytes]:
    return (503, f"{problem}\n".encode()) if problem else (200, b"ok\n")
