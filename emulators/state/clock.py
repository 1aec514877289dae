"""Time as the emulated hardware sees it, so that tests can turn the clock by hand."""

import time
from typing import Protocol


class Clock(Protocol):
    """Seconds since any fixed moment; never goes back."""

    def now(self) -> float:
        """Give the seconds."""


class SystemClock:
    """The machine's monotonic clock."""

    def now(self) -> float:
        """Give the seconds since the machine started."""
        return time.monotonic()


class ManualClock:
    """A clock that moves only when told to."""

    def __init__(self, start: float = 0.0) -> None:
        """Begin at `start` seconds."""
        self._now = start

    def now(self) -> float:
        """Give the seconds that were set."""
        return self._now

    def advance(self, seconds: float) -> None:
        """Move on by `seconds`, which must not be negative."""
        if seconds < 0:
            raise ValueError("time does not go back")
        self._now += seconds
