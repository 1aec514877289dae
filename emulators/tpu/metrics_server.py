"""Serves the runtime's metrics over gRPC, where libtpu does: port 8431 of the host."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import grpc

from drawplate.emulators.metadata.rules import RequestRules
from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.state.change import Changes
from drawplate.emulators.state.device import NODE
from drawplate.emulators.state.model import State
from drawplate.emulators.tpu import metrics
from drawplate.emulators.tpu.wire import runtime_metrics_pb2 as wire

if TYPE_CHECKING:
    from google.protobuf.message import Message

_log = logging.getLogger(__name__)

SERVICE = "tpu.monitoring.runtime.RuntimeMetricService"
_THREADS = 4


class MetricsServer:
    """The surface "metrics"."""

    name = "metrics"

    def __init__(
        self, address: str, enter: Callable[[Callable[[], Any]], Any], *, must: bool
    ) -> None:
        """Listen at `address`; `enter` runs what binds it in its namespace.

        With `must` it is an error that the address is taken, else the node has no such server: on
        a host with several TPU nodes in one namespace only the first can have it.
        """
        self.seen = 0
        self.port = 0
        self._address, self._enter, self._must = address, enter, must
        self._server: grpc.Server | None = None

    def start(self, state: State) -> None:
        """Listen. Raises SetupProblem when the address cannot be had and must be."""
        server = grpc.server(
            ThreadPoolExecutor(_THREADS, thread_name_prefix="tpu-metrics"),
            options=[("grpc.so_reuseport", 0)],
        )
        server.add_generic_rpc_handlers((_Service(state).handler(),))
        try:
            self.port = self._enter(lambda: server.add_insecure_port(self._address))
        except RuntimeError:
            if self._must:
                raise _taken(self._address) from None
            _log.warning("%s is taken: this node's TPUs have no metrics", self._address)
            return
        server.start()
        self._server = server

    def apply(self, changes: Changes) -> None:
        """Answers are made when they are asked for: there is nothing to do."""
        self.seen = changes.generation

    def stop(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.stop(grace=None).wait()
            self._server = None


class _Service:
    def __init__(self, state: State) -> None:
        self._state, self._rules = state, RequestRules(state, "metrics")

    def handler(self) -> grpc.GenericRpcHandler:
        """Give the methods by name; messages are decoded here, so no generated stub is needed."""
        methods: dict[str, tuple[Any, Callable[[bytes], Message]]] = {
            "GetRuntimeMetric": (self._metric, wire.MetricRequest.FromString),
            "ListSupportedMetrics": (self._list, wire.ListSupportedMetricsRequest.FromString),
            "GetTpuRuntimeStatus": (self._status, wire.RuntimeStatusRequest.FromString),
        }
        return grpc.method_handlers_generic_handler(
            SERVICE,
            {
                name: grpc.unary_unary_rpc_method_handler(
                    method,
                    request_deserializer=decode,
                    response_serializer=lambda answer: answer.SerializeToString(),
                )
                for name, (method, decode) in methods.items()
            },
        )

    def _metric(
        self, request: wire.MetricRequest, context: grpc.ServicerContext
    ) -> wire.MetricResponse:
        self._check(request.metric_name, context)
        with self._state.lock:
            found = metrics.metric(self._state, request.metric_name)
        if found is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"no metric {request.metric_name!r}")
        return wire.MetricResponse(metric=found)

    def _list(
        self, request: wire.ListSupportedMetricsRequest, context: grpc.ServicerContext
    ) -> wire.ListSupportedMetricsResponse:
        self._check("ListSupportedMetrics", context)
        names = [name for name in sorted(metrics.table()) if request.filter in name]
        known = [wire.SupportedMetric(metric_name=name) for name in names]
        return wire.ListSupportedMetricsResponse(supported_metric=known)

    def _status(
        self, _: wire.RuntimeStatusRequest, context: grpc.ServicerContext
    ) -> wire.RuntimeStatusResponse:
        self._check("GetTpuRuntimeStatus", context)
        with self._state.lock:
            return metrics.status(self._state)

    def _check(self, call: str, context: grpc.ServicerContext) -> None:
        if not self._state.device(NODE)["tpu.metrics"]:
            # As for a client that finds nobody there: no program uses the chips.
            context.abort(grpc.StatusCode.UNAVAILABLE, "no program uses the chips")
        result = self._rules.meet(call, threading.Event().wait)
        if result:
            known = getattr(grpc.StatusCode, result, grpc.StatusCode.UNKNOWN)
            context.abort(known, f"{call}: {result}")


def _taken(address: str) -> SetupProblem:
    return SetupProblem(
        f"the metrics of the TPUs cannot be served at {address}",
        where="tpu.metrics",
        cure="choose another address, or `off`",
    )
