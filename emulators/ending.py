"""The end of a process, asked for by a signal or by one of its threads."""

import signal
from queue import SimpleQueue


class Ending:
    """What the main thread waits for until somebody asks the process to end.

    `threading.Event` will not do: a signal that lands inside its `wait` runs the handler in the
    same thread, and `set` then waits for the lock that this thread holds, for ever. The put of a
    `SimpleQueue` may interrupt its get (https://docs.python.org/3/library/queue.html).
    """

    def __init__(self) -> None:
        self._asked: SimpleQueue[None] = SimpleQueue()

    def ask(self) -> None:
        """Ask for the end; from any thread, or from a signal's handler."""
        self._asked.put(None)

    def on_signals(self) -> None:
        """Take SIGTERM and SIGINT as asking. Only the main thread may call this."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self.ask())

    def wait(self) -> None:
        """Wait until somebody has asked; only one thread may wait."""
        self._asked.get()
