"""One attempt to register a plugin, step by step as the kubelet does it."""

from dataclasses import dataclass
from typing import Self

import grpc

from drawplate.conformance.bench import versions
from drawplate.conformance.bench.calls import CallLog, OpenCall
from drawplate.conformance.bench.connection import Connection
from drawplate.conformance.bench.endpoint import as_dict, status_of
from drawplate.driver.wire import registration_pb2, registration_pb2_grpc

# The limits are those of kubernetes v1.37 pkg/kubelet/pluginmanager/operationexecutor/
# operation_generator.go: dialTimeoutDuration, the literal second of GetInfo,
# notifyTimeoutDuration.
DIAL_SECONDS = 10.0
GET_INFO_SECONDS = 1.0
NOTIFY_SECONDS = 5.0

PLUGIN_TYPE = "DRAPlugin"


@dataclass(frozen=True, slots=True)
class Registration:
    """A plugin that the kubelet has accepted.

    `socket` is the registration socket, `endpoint` the socket with the DRA service (the same in
    one-socket mode). `versions` are all that the driver offers, `service` the one that is used.
    The kubelet does not check `name`, so it may be anything. `at` is the monotonic clock.
    """

    name: str
    endpoint: str
    versions: tuple[str, ...]
    service: str
    socket: str
    at: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """An attempt that did not end in a registration, and when the next one is due.

    `step` is "dial", "GetInfo", "type", "versions", "endpoint" or "notify"; `info` is what
    GetInfo answered, if it did; `attempt` counts failures of this socket in a row; `retry` is in
    seconds; `at` is the monotonic clock.
    """

    socket: str
    step: str
    reason: str
    attempt: int
    retry: float
    at: float
    info: registration_pb2.PluginInfo | None = None


class Refused(Exception):
    """The attempt failed at `step`; `str()` is the reason."""

    def __init__(
        self, step: str, reason: str, info: registration_pb2.PluginInfo | None = None
    ) -> None:
        super().__init__(reason)
        self.step = step
        self.info = info


class Introduction:
    """The conversation on one registration socket; use it as a context manager.

    Entering dials the socket (10 s) and raises Refused when nobody listens.
    """

    def __init__(self, socket: str, log: CallLog) -> None:
        self.socket = socket
        self._log = log
        self._connection = Connection(socket)
        self._stub = registration_pb2_grpc.RegistrationStub(self._connection.channel)

    def __enter__(self) -> Self:
        if not self._connection.wait_ready(DIAL_SECONDS):
            self._connection.close()
            reason = f"nobody answered on {self.socket} within {DIAL_SECONDS:.0f} s"
            raise Refused("dial", reason)
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def abort(self) -> None:
        """End the conversation from another thread; a call that is under way is cancelled."""
        self._connection.close()

    def ask(self) -> registration_pb2.PluginInfo:
        """Call GetInfo (1 s). Raises Refused."""
        opened = self._log.begin("GetInfo", {}, endpoint=self.socket)
        request = registration_pb2.InfoRequest()
        try:
            info: registration_pb2.PluginInfo = self._stub.GetInfo(
                request, timeout=GET_INFO_SECONDS
            )
        except (grpc.RpcError, ValueError) as error:
            failure = _fail(opened, error)
            raise Refused("GetInfo", f"GetInfo failed: {failure}") from None
        opened.driver = info.name
        opened.end(as_dict(info))
        return info

    def tell(self, info: registration_pb2.PluginInfo, error: str = "") -> None:
        """Call NotifyRegistrationStatus (5 s): accepted, or refused because of `error`.

        Raises Refused when the plugin answers with an error.
        """
        message = registration_pb2.RegistrationStatus(plugin_registered=not error, error=error)
        opened = self._log.begin(
            "NotifyRegistrationStatus", as_dict(message), driver=info.name, endpoint=self.socket
        )
        try:
            reply = self._stub.NotifyRegistrationStatus(message, timeout=NOTIFY_SECONDS)
        except (grpc.RpcError, ValueError) as failure:
            reason = f"NotifyRegistrationStatus failed: {_fail(opened, failure)}"
            raise Refused("notify", reason, info) from None
        opened.end(as_dict(reply))

    def refuse(self, info: registration_pb2.PluginInfo, step: str, reason: str) -> Refused:
        """Tell the plugin that it is refused; give the exception to raise."""
        try:
            self.tell(info, reason)
        except Refused as failure:
            return Refused(step, f"{reason}; {failure}", info)
        return Refused(step, reason, info)

    def check(self, info: registration_pb2.PluginInfo) -> versions.Service:
        """Check type and versions, no more than the kubelet does. Raises Refused."""
        if info.type != PLUGIN_TYPE:
            raise self.refuse(info, "type", f"plugin type is {info.type!r}, not {PLUGIN_TYPE!r}")
        try:
            return versions.choose(info.supported_versions)
        except versions.NoKnownVersion as error:
            raise self.refuse(info, "versions", str(error)) from None


def _fail(opened: OpenCall, error: grpc.RpcError | ValueError) -> str:
    # ValueError is what grpc raises when the conversation was aborted before the call.
    if isinstance(error, ValueError):
        status, details = "CANCELLED", str(error)
    else:
        status, details = status_of(error)
    opened.end(status=status, error=details)
    return f"{status} {details}"
