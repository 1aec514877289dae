"""Keeps a loop that reacts to changes from running hot when someone fights it."""

import time
from collections.abc import Callable


class Pace:
    """Lets `burst` runs through at once, then one per `seconds`; rest fills the burst again."""

    def __init__(
        self, burst: int, seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._burst = burst
        self._seconds = seconds
        self._clock = clock
        self._left = float(burst)
        self._at = clock()

    def spend(self) -> None:
        """Note one run."""
        self._refill()
        self._left -= 1

    def delay(self) -> float:
        """Give the seconds to wait before the next run."""
        self._refill()
        return max(0.0, (1 - self._left) * self._seconds)

    def _refill(self) -> None:
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._at) / self._seconds)
        self._at = now


class Backoff:
    """Doubles the pause after each failure in a row, up to `longest` seconds."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = self._next = first
        self._longest = longest

    def fail(self, at_least: float = 0.0) -> float:
        """Note a failure; give the seconds to wait."""
        pause = min(self._longest, max(self._next, at_least))
        self._next = min(self._longest, self._next * 2)
        return pause

    def succeed(self) -> None:
        """Note a success."""
        self._next = self._first
