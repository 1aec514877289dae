"""How much memory processes hold."""

from collections.abc import Iterator

import psutil

from drawplate.conformance.selftest.speed_parts.figures import Series
from drawplate.fixtures.clusters.local.cluster import LocalCluster


def resident(pid: int) -> float:
    """Give the resident memory of a process in MB (10⁶ bytes); 0 when it is gone."""
    try:
        return float(psutil.Process(pid).memory_info().rss) / 1e6
    except psutil.NoSuchProcess:
        return 0.0


class ComponentMemory:
    """The resident memory of a cluster's components, sampled over several clusters."""

    def __init__(self) -> None:
        """Hold no sample yet."""
        self._samples: dict[str, list[float]] = {}

    def sample(self, cluster: LocalCluster) -> None:
        """Add one sample of each component that runs."""
        for component in cluster.components():
            if component["pid"]:
                held = resident(component["pid"])
                self._samples.setdefault(component["component"], []).append(held)

    def series(self, when: str) -> Iterator[Series]:
        """Give a series for each component, in the order in which they are started."""
        for name, samples in self._samples.items():
            yield Series(f"memory of {name}, {when}", "MB", tuple(samples))
