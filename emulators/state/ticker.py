"""Lets time pass for the state: temperatures, counters and schedules that follow the clock."""

import logging
import threading

from drawplate.emulators.state.model import State

_log = logging.getLogger(__name__)

# Drivers and monitors read at most once a second or so. Seconds.
INTERVAL = 0.2


class Ticker:
    """A thread that calls the state's tickers, with the seconds that went by."""

    def __init__(self, state: State, interval: float = INTERVAL) -> None:
        """Nothing happens before `start`."""
        self._state = state
        self._interval = interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the tick that is under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        before = self._state.clock.now()
        while not self._stop.wait(self._interval):
            now = self._state.clock.now()
            try:
                self._state.tick(now - before)
            # A formula that fails must not stop the clock for the others.
            except Exception:  # noqa: BLE001
                _log.exception("a tick failed")
            before = now
