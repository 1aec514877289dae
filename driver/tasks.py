"""The background tasks of a process, and its end, whether it was asked for or is their fault."""

import logging
import threading
from collections.abc import Callable

from drawplate.emulators.ending import Ending
from drawplate.emulators.problems import Problem

_log = logging.getLogger(__name__)

# Between attempts of a task that failed in a way that nobody foresaw. Seconds.
_AFTER_FAILURE = 5.0


class Tasks:
    """Threads that run until `stopping` is set; a Problem in one of them ends the process."""

    def __init__(self) -> None:
        self.ending = Ending()
        self.stopping = threading.Event()
        self._problem: Problem | None = None

    def spawn(
        self, name: str, task: Callable[[], None], stop: threading.Event | None = None
    ) -> None:
        """Run `task` in a thread, anew when it fails, until it returns.

        `stop` is set when it need not go on, if that is before the process stops.
        """
        stop = stop or self.stopping

        def keep_going() -> None:
            while not stop.is_set():
                try:
                    return task()
                except Problem as problem:
                    self._problem = problem
                    self.ending.ask()
                    return None
                # Better try again than run on without it, or give up serving.
                except Exception:  # noqa: BLE001
                    _log.exception("a background task failed", extra={"task": name})
                    stop.wait(_AFTER_FAILURE)
            return None

        threading.Thread(target=keep_going, name=name, daemon=True).start()

    def end(self) -> None:
        """Say that the process has stopped. Raises the Problem that ended it, if one did."""
        _log.info("ended")
        if self._problem is not None:
            raise self._problem
