"""What the parts of the benchmark share, and how they take time."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from drawplate.conformance.selftest.speed_parts.figures import Series
from drawplate.fixtures.progress import Progress


@dataclass(frozen=True, slots=True)
class Session:
    """One run of the benchmark; `scratch` is a folder for whatever a part writes."""

    progress: Progress
    scratch: Path
    quick: bool = False

    def times(self, usual: int, brief: int) -> int:
        """Give how many samples to take: `usual`, or `brief` when only the way is tried."""
        return brief if self.quick else usual

    def rounds(self, title: str, count: int) -> Iterator[int]:
        """Give 0, 1, … and show how far it is."""
        with self.progress.step(title) as step:
            for done in range(count):
                step.update(done, count)
                yield done


@dataclass(frozen=True, slots=True)
class Clock:
    """A stopwatch that keeps the seconds of each turn."""

    seconds: list[float] = field(default_factory=list)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Time the body; one that raises does not count."""
        began = time.monotonic()
        yield
        self.seconds.append(time.monotonic() - began)

    def series(self, title: str) -> Series:
        """Give the turns in seconds."""
        return Series(title, "s", tuple(self.seconds))


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the benchmark by the name that `--only` takes; `root` says that it needs that.

    `measure` gives series as soon as it has them, so that a part that breaks off has shown some.
    It raises Problem or Inconclusive when it cannot go on.
    """

    name: str
    measure: Callable[[Session], Iterator[Series]]
    root: bool = False
