"""What the runtime of TPUs says of itself: libtpu's metrics, as messages made from the state.

Names and shapes are those that libtpu 0.0.4x serves and tpu-info 0.14 reads.
"""

import functools
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any

import yaml

from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State
from drawplate.emulators.tpu.wire import runtime_metrics_pb2 as wire

_MIB = 1 << 20


@functools.cache
def table() -> dict[str, dict[str, Any]]:
    """Give the metrics by name: what each is about, and where its value comes from."""
    path = files("drawplate.emulators.tpu") / "metrics.yaml"
    found: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def metric(state: State, name: str) -> wire.TpuMetric | None:
    """Give a metric as it is now; None when the runtime has none of that name."""
    entry = table().get(name)
    if entry is None:
        return None
    made = wire.TpuMetric(name=name, description=entry["about"])
    make = _MAKERS[entry["shape"]]
    for chip in state.devices(family="tpu"):
        if not chip["lost"]:
            made.metrics.extend(make(chip, entry))
    return made


def status(state: State) -> wire.RuntimeStatusResponse:
    """Give the state of every core."""
    answer = wire.RuntimeStatusResponse(host_name=state.node.node)
    for chip in state.devices(family="tpu"):
        section = chip.spec.profile.tpu
        for core in range(section.cores if section else 0):
            number = chip.spec.index * (section.cores if section else 1) + core
            answer.core_states[number].CopyFrom(_core(chip, number, core))
    return answer


def _core(chip: Device, number: int, core: int) -> wire.CoreState:
    state = wire.CoreState(
        core_id=wire.CoreIdentifier(
            global_core_id=number,
            chip_id=chip.spec.index,
            core_on_chip=wire.CoreOnChip(type=wire.CoreType.TPU_CORE_TYPE_TENSOR_CORE, index=core),
        ),
        xdb_server_running=False,
        program_fingerprint=b"",
    )
    if chip["core.error"] or chip["lost"]:
        state.error_message = chip["core.error"] or "the chip does not answer"
    return state


def _runtime_devices(chip: Device) -> Iterator[int]:
    section = chip.spec.profile.tpu
    each = section.runtime_devices if section else 1
    yield from range(chip.spec.index * each, (chip.spec.index + 1) * each)


def _whole(chip: Device, entry: dict[str, Any]) -> Iterator[wire.Metric]:
    """Share what a chip has among its runtime devices, in bytes."""
    numbers = list(_runtime_devices(chip))
    for number in numbers:
        share = int(chip[entry["property"]]) * _MIB // len(numbers)
        yield _by_device(number, wire.Gauge(as_int=share))


def _share(chip: Device, entry: dict[str, Any]) -> Iterator[wire.Metric]:
    for number in _runtime_devices(chip):
        yield _by_device(number, wire.Gauge(as_double=float(chip[entry["property"]])))


def _ordinal(chip: Device, entry: dict[str, Any]) -> Iterator[wire.Metric]:
    for number in _runtime_devices(chip):
        made = _by_ordinal(number)
        made.gauge.as_int = int(chip[entry["property"]])
        yield made


def _no_program(chip: Device, _: dict[str, Any]) -> Iterator[wire.Metric]:
    """Tell that nothing was measured: a distribution without samples."""
    for number in _runtime_devices(chip):
        made = _by_ordinal(number)
        buckets = wire.ExponentialBuckets(num_finite_buckets=32, growth_factor=2.0, scale=1.0)
        made.distribution.bucket_options.exponential_buckets.CopyFrom(buckets)
        made.distribution.bucket_counts.extend([0] * 34)
        yield made


def _by_device(number: int, gauge: wire.Gauge) -> wire.Metric:
    value = wire.AttributeValue(int_attr=number)
    named = wire.Attribute(key="device-id", value=value)
    return wire.Metric(attribute=named, timestamp=_now(), gauge=gauge)


def _by_ordinal(number: int) -> wire.Metric:
    pairs = (("device_ordinal", str(number)), ("core_type", "TPU_CORE_TYPE_TENSOR_CORE"))
    attributes = [
        wire.Attribute(key=key, value=wire.AttributeValue(string_attr=text)) for key, text in pairs
    ]
    listed = wire.AttributeValue(kvlist_attr=wire.AttributeList(attributes=attributes))
    return wire.Metric(attribute=wire.Attribute(key="labels", value=listed), timestamp=_now())


def _now() -> wire.Time:
    nanoseconds = time.time_ns()
    return wire.Time(seconds=nanoseconds // 10**9, nanos=nanoseconds % 10**9)


_MAKERS: dict[str, Callable[[Device, dict[str, Any]], Iterator[wire.Metric]]] = {
    "bytes": _whole,
    "percent": _share,
    "count": _ordinal,
    "distribution": _no_program,
}
