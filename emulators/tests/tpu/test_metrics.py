"""The runtime's metrics over gRPC: values, errors, and who cannot have the port."""

import importlib
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.state.change import CallRule
from drawplate.emulators.state.model import State
from drawplate.emulators.tpu import verbs
from drawplate.emulators.tpu.metrics_server import SERVICE, MetricsServer
from drawplate.emulators.tpu.wire import generate
from drawplate.emulators.tpu.wire import runtime_metrics_pb2 as wire

TOTAL = "tpu.runtime.hbm.memory.total.bytes"


@dataclass(frozen=True, slots=True)
class Runtime:
    state: State
    channel: grpc.Channel

    def metric(self, name: str) -> wire.TpuMetric:
        ask = self.channel.unary_unary(
            f"/{SERVICE}/GetRuntimeMetric",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=wire.MetricResponse.FromString,
        )
        answer: wire.MetricResponse = ask(wire.MetricRequest(metric_name=name), timeout=20)
        return answer.metric

    def status(self) -> wire.RuntimeStatusResponse:
        ask = self.channel.unary_unary(
            f"/{SERVICE}/GetTpuRuntimeStatus",
            request_serializer=lambda message: message.SerializeToString(),
            response_deserializer=wire.RuntimeStatusResponse.FromString,
        )
        answer: wire.RuntimeStatusResponse = ask(wire.RuntimeStatusRequest(), timeout=20)
        return answer


@pytest.fixture
def runtimes() -> Iterator[Callable[[str], Runtime]]:
    started: list[tuple[Runtime, MetricsServer]] = []

    def start(machine: str) -> Runtime:
        state = State(place(load(machine), "node-1"))
        server = MetricsServer("127.0.0.1:0", lambda action: action(), must=True)
        state.add_surface(server)
        runtime = Runtime(state, grpc.insecure_channel(f"127.0.0.1:{server.port}"))
        started.append((runtime, server))
        return runtime

    yield start
    for runtime, server in started:
        runtime.channel.close()
        runtime.state.remove_surface(server)


def refused(action: Callable[[], object]) -> grpc.StatusCode:
    with pytest.raises(grpc.RpcError) as caught:
        action()
    code: grpc.StatusCode = caught.value.code()
    return code


def test_memory_is_told_for_each_device_of_the_runtime(
    runtimes: Callable[[str], Runtime],
) -> None:
    runtime = runtimes("tpu-v7x")
    found = runtime.metric(TOTAL).metrics
    assert [one.attribute.value.int_attr for one in found] == list(range(8))
    # Each chip shows as two devices, which share its memory.
    assert {one.gauge.as_int for one in found} == {96 << 30}
    assert {one.attribute.key for one in found} == {"device-id"}


def test_values_follow_the_state(runtimes: Callable[[str], Runtime]) -> None:
    runtime = runtimes("tpu-v5e-4")
    with runtime.state.change("test") as change:
        change.update("tpu2", {"memory.used": 100, "utilisation.duty_cycle": 12.5})
    used = runtime.metric("tpu.runtime.hbm.memory.usage.bytes").metrics
    assert [one.gauge.as_int for one in used] == [0, 0, 100 << 20, 0]
    busy = runtime.metric("tpu.runtime.tensorcore.dutycycle.percent").metrics
    assert [one.gauge.as_double for one in busy] == [0.0, 0.0, 12.5, 0.0]


def test_a_lost_chip_has_no_metrics_and_an_error(runtimes: Callable[[str], Runtime]) -> None:
    runtime = runtimes("tpu-v5e-4")
    with runtime.state.change("test") as change:
        verbs.lose_chip(change, runtime.state.device("tpu1"))
    found = runtime.metric(TOTAL).metrics
    assert [one.attribute.value.int_attr for one in found] == [0, 2, 3]
    cores = runtime.status().core_states
    assert [key for key in sorted(cores) if cores[key].HasField("error_message")] == [1]


def test_unknown_metrics_and_rules_are_errors(runtimes: Callable[[str], Runtime]) -> None:
    runtime = runtimes("tpu-v5e-4")
    assert refused(lambda: runtime.metric("no.such")) == grpc.StatusCode.NOT_FOUND
    with runtime.state.change("test") as change:
        change.add_rule(CallRule("f1", "metrics", TOTAL, result="INTERNAL", count=1))
    assert refused(lambda: runtime.metric(TOTAL)) == grpc.StatusCode.INTERNAL
    assert len(runtime.metric(TOTAL).metrics) == 4
    with runtime.state.change("test") as change:
        change.update("node", {"tpu.metrics": False})
    assert refused(lambda: runtime.metric(TOTAL)) == grpc.StatusCode.UNAVAILABLE


def test_a_port_that_is_taken_is_refused_only_when_it_was_asked_for() -> None:
    state = State(place(load("tpu-v5e-4"), "node-1"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(SetupProblem, match="cannot be served"):
            MetricsServer(address, lambda action: action(), must=True).start(state)
        MetricsServer(address, lambda action: action(), must=False).start(state)


def test_links_of_the_interconnect_break_and_mend() -> None:
    state = State(place(load("tpu-v5e-4"), "node-1"))
    chip = state.device("tpu0")
    with state.change("test") as change:
        verbs.set_ici_link(change, chip, 3, up=False)
        verbs.set_ici_link(change, chip, 1, up=False)
    assert (chip["ici.down"], chip["ici.errors"]) == ([1, 3], 2)
    with state.change("test") as change:
        verbs.set_ici_link(change, chip, 3, up=True)
    assert chip["ici.down"] == [1]


def test_the_generated_code_is_that_of_the_proto_file(tmp_path: Path) -> None:
    importlib.reload(generate)
    for made in generate.generate(tmp_path):
        assert made.read_text() == (generate.HERE / made.name).read_text(), made.name
