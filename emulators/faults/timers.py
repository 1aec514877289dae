"""The thread that does what waits for its moment, as soon as the moment comes."""

import logging
import threading

from drawplate.emulators.faults.schedule import do_due, next_moment
from drawplate.emulators.state.change import Change, Changes
from drawplate.emulators.state.model import State

_log = logging.getLogger(__name__)

# How long the thread waits after something went wrong, in seconds.
_REST = 1.0


class Timers:
    """A surface that shows nothing: each change may bring a new moment, so it looks at each."""

    name = "faults"

    def __init__(self) -> None:
        """Nothing runs before `start`."""
        self.seen = 0
        self._wake = threading.Event()
        self._over = False
        self._thread: threading.Thread | None = None
        self._state: State | None = None

    def start(self, state: State) -> None:
        """Begin to watch the clock."""
        self._state = state
        self._thread = threading.Thread(target=self._run, name="faults", daemon=True)
        self._thread.start()

    def apply(self, changes: Changes) -> None:
        """Look at the clock again: a moment may have been added."""
        self.seen = changes.generation
        if "node" in changes.sets:
            self._wake.set()

    def look(self, _change: Change, _seconds: float) -> None:
        """Look at the clock: one that is turned by hand moves without telling."""
        self._wake.set()

    def stop(self) -> None:
        """End the thread; what waits is kept."""
        self._over = True
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        state = self._state
        while state is not None:
            moment = next_moment(state)
            rest = None if moment is None else max(0.0, moment - state.clock.now())
            if rest != 0:
                self._wake.wait(rest)
                self._wake.clear()
            if self._over:
                return
            # After a failure, whatever is wrong stays so for a while.
            if rest is not None and not self._do_due(state):
                self._wake.wait(_REST)

    @staticmethod
    def _do_due(state: State) -> bool:
        try:
            with state.change("faults") as change:
                do_due(change)
        # A fault that cannot happen must not keep others from healing.
        except Exception:  # noqa: BLE001
            _log.exception("what was due could not be done")
            return False
        return True
