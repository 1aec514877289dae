"""Patience: how much longer than usual this machine may take, measured once a run.

Limits that the specification gives (45 s for a prepare call) are never scaled; what is scaled is
how long a test waits for something that has no limit of its own.
"""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import TypeVar

from drawplate.conformance.problems import Inconclusive

Seen = TypeVar("Seen")

# Median of starting an isolated interpreter on an idle two-core machine, in seconds.
USUAL_SECONDS = 0.02
LARGEST = 10.0


def measure(samples: int = 5) -> float:
    """Give the patience factor: 1.0 on a usual idle machine, up to 10 on a slow or busy one."""
    seconds = []
    for _ in range(samples):
        began = time.monotonic()
        subprocess.run([sys.executable, "-I", "-S", "-c", ""], check=True)
        seconds.append(time.monotonic() - began)
    median = sorted(seconds)[samples // 2]
    return round(min(LARGEST, max(1.0, median / USUAL_SECONDS)), 2)


def wait_until(
    what: str, probe: Callable[[], Seen | None], budget: float, every: float = 0.02
) -> Seen:
    """Ask `probe` until it gives something true, for things that cannot be watched.

    Raises Inconclusive, naming `what`, after `budget` seconds: a caller for whom the absence is a
    failure of the driver asserts on what it sees instead.
    """
    end = time.monotonic() + budget
    while True:
        seen = probe()
        if seen:
            return seen
        if time.monotonic() >= end:
            raise Inconclusive(f"waited {budget:.0f} s for {what}")
        time.sleep(every)
