"""Counts what the driver does, cheaply; the text for Prometheus is made when someone asks."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator

# Seconds; the kubelet gives up after 45.
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 45.0)


class Metrics:
    """Counters, durations of operations, and gauges that are asked when they are needed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._durations: dict[tuple[str, str], list[int]] = {}
        self._sums: dict[tuple[str, str], float] = defaultdict(float)
        self._counts: dict[tuple[str, str], int] = defaultdict(int)
        self._gauges: dict[str, tuple[str, Callable[[], float]]] = {}

    def observe(self, operation: str, seconds: float, *, failed: bool) -> None:
        """Count one prepare or unprepare of one claim."""
        key = operation, "error" if failed else "ok"
        with self._lock:
            counts = self._durations.setdefault(key, [0] * (len(BUCKETS) + 1))
            counts[next((i for i, top in enumerate(BUCKETS) if seconds <= top), -1)] += 1
            self._sums[key] += seconds

    def count(self, name: str, kind: str) -> None:
        """Add one to the counter `name` for `kind`."""
        with self._lock:
            self._counts[name, kind] += 1

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Publish what `value` gives whenever someone asks."""
        self._gauges[name] = text, value

    def expose(self) -> bytes:
        """Give all in the text format of Prometheus."""
        # Imported late: registration must not wait for it.
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415

        registry = CollectorRegistry()
        # A collector is anything with `collect`; the library's type asks for its own class.
        registry.register(self)  # type: ignore[arg-type]
        return generate_latest(registry)

    def collect(self) -> Iterator[object]:
        """Give the metric families; called by prometheus_client."""
        # Imported late: registration must not wait for it.
        from prometheus_client import core  # noqa: PLC0415

        histogram = core.HistogramMetricFamily(
            "drawplate_driver_operation_seconds",
            "Duration of preparing and unpreparing one claim.",
            labels=["operation", "outcome"],
        )
        with self._lock:
            for key, counts in self._durations.items():
                histogram.add_metric(list(key), _cumulative(counts), self._sums[key])
            yield histogram
            for name in sorted({name for name, _ in self._counts}):
                family = core.CounterMetricFamily(f"drawplate_driver_{name}", name, labels=["kind"])
                for (counter, kind), total in self._counts.items():
                    if counter == name:
                        family.add_metric([kind], total)
                yield family
        for name, (text, value) in self._gauges.items():
            yield core.GaugeMetricFamily(f"drawplate_driver_{name}", text, value=value())


def _cumulative(counts: list[int]) -> list[tuple[str, float]]:
    total = 0
    buckets = []
    for top, count in zip([*map(str, BUCKETS), "+Inf"], counts, strict=True):
        total += count
        buckets.append((top, float(total)))
    return buckets
