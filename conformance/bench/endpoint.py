"""One connection to a driver's socket, with the connection rules of the kubelet and a record."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from drawplate.conformance.bench.calls import Call, CallLog, OpenCall
from drawplate.conformance.bench.connection import Connection
from drawplate.conformance.bench.versions import Claim, Service

# kubernetes v1.37 pkg/kubelet/cm/dra/plugin/dra_plugin.go, defaultClientCallTimeout.
DEADLINE_SECONDS = 45.0


def as_dict(message: Message) -> dict[str, Any]:
    """Give a message as JSON data with the field names of the proto files."""
    return MessageToDict(message, preserving_proto_field_name=True)


def status_of(error: grpc.RpcError | grpc.Future) -> tuple[str, str]:
    """Give name and text of the gRPC status of a failed call."""
    return str(error.code().name), str(error.details() or "")


@dataclass(frozen=True, slots=True)
class Reply:
    """How one call ended: `message` is None unless `status` is "OK"."""

    call: Call
    message: Any | None

    @property
    def status(self) -> str:
        """The name of the gRPC status."""
        return self.call.status

    @property
    def error(self) -> str:
        """The text of the gRPC status."""
        return self.call.error


class PendingReply:
    """A call that is under way in the background."""

    def __init__(self, opened: OpenCall) -> None:
        self._opened = opened
        self._ended = threading.Event()
        self._reply: Reply | None = None
        self._future: Any = None

    def start(self, call: Any, request: Message, deadline: float) -> "PendingReply":
        """Send `request`; `deadline` in seconds goes with it, as gRPC's own."""
        try:
            self._future = call.future(request, timeout=deadline)
        except ValueError as error:
            # The channel was closed between the choice of the endpoint and the call.
            return self.fail("CANCELLED", str(error))
        self._future.add_done_callback(self._finish)
        return self

    def fail(self, status: str, details: str) -> "PendingReply":
        """End without a call to anyone."""
        self._end(self._opened.end(status=status, error=details), None)
        return self

    def _finish(self, future: Any) -> None:
        if future.code() is grpc.StatusCode.OK:
            message = future.result()
            self._end(self._opened.end(as_dict(message)), message)
        else:
            status, details = status_of(future)
            self._end(self._opened.end(status=status, error=details), None)

    def _end(self, call: Call, message: Any | None) -> None:
        self._reply = Reply(call, message)
        self._ended.set()

    @property
    def done(self) -> bool:
        """Say whether the call has ended."""
        return self._ended.is_set()

    def cancel(self) -> None:
        """Cancel the call, as a kubelet that goes down does; the status becomes "CANCELLED"."""
        if self._future:
            self._future.cancel()

    def result(self, timeout: float | None = None) -> Reply:
        """Wait for the end, at most `timeout` seconds (the call has its own deadline).

        Raises TimeoutError.
        """
        if not self._ended.wait(timeout) or self._reply is None:
            raise TimeoutError(f"{self._opened.method} has not ended within {timeout} s")
        return self._reply


class Endpoint:
    """A driver's service socket, connected at once and for good, as the kubelet does."""

    def __init__(self, driver: str, socket: str, service: Service, log: CallLog) -> None:
        self.driver = driver
        self.socket = socket
        self.service = service
        self._log = log
        self._connection = Connection(socket)

    @property
    def connected(self) -> bool:
        """Say whether the connection stands at this moment."""
        return self._connection.ready

    def wait_connected(self, seconds: float) -> bool:
        """Wait until the connection stands, at most `seconds`; say whether it does."""
        return self._connection.wait_ready(seconds)

    def begin(
        self,
        method: str,
        claims: Iterable[Claim],
        *,
        deadline: float = DEADLINE_SECONDS,
        service: Service | None = None,
    ) -> PendingReply:
        """Start a call of `method` for `claims`; `service` forces another version than the chosen."""
        chosen = service or self.service
        request = chosen.request(method, claims)
        opened = self._log.begin(
            method,
            as_dict(request),
            driver=self.driver,
            endpoint=self.socket,
            version=chosen.name,
        )
        return PendingReply(opened).start(
            chosen.method(self._connection.channel, method), request, deadline
        )

    def call_bytes(self, path: str, payload: bytes, deadline: float = DEADLINE_SECONDS) -> Reply:
        """Send raw bytes to the gRPC method `path` ("/package.Service/Method"), for fault tests."""
        opened = self._log.begin(
            path,
            {"bytes": len(payload)},
            driver=self.driver,
            endpoint=self.socket,
        )
        raw = self._connection.channel.unary_unary(path, None, None)
        try:
            answer = raw(payload, timeout=deadline)
        except grpc.RpcError as error:
            status, details = status_of(error)
            return Reply(opened.end(status=status, error=details), None)
        return Reply(opened.end({"bytes": len(answer)}), answer)

    def close(self) -> None:
        """Close the connection; calls that are under way end with the status "CANCELLED"."""
        self._connection.close()
