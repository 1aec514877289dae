"""Wakes when a link changes in the node's namespace or in a pod's, or when it is told to."""

import errno
import os
import select
import socket
import threading
from collections.abc import Callable

# Messages are only a sign that something changed; their content is read anew.
_MANY = 1 << 18


class Watcher:
    """A thread that calls `look` once for each burst of changes."""

    def __init__(self, events: socket.socket, look: Callable[[], None]) -> None:
        """Nothing is called before `start`; `look` never raises."""
        self._events = events
        self._look = look
        self._stopping = False
        self._woken = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._thread = threading.Thread(target=self._run, name="nic-watcher", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wake(self) -> None:
        """Let it look now."""
        os.eventfd_write(self._woken, 1)

    def stop(self) -> None:
        """End, after the look that is under way."""
        self._stopping = True
        self.wake()
        if self._thread.is_alive():
            self._thread.join()
        self._events.close()
        os.close(self._woken)

    def _run(self) -> None:
        while not self._stopping:
            ready, _, _ = select.select([self._events.fileno(), self._woken], [], [])
            if self._woken in ready:
                os.eventfd_read(self._woken)
            if self._events.fileno() in ready:
                self._drain()
            if not self._stopping:
                self._look()

    def _drain(self) -> None:
        while True:
            try:
                self._events.recv(_MANY, socket.MSG_DONTWAIT)
            except OSError as error:
                # The queue was full, so messages were lost: a reason to look all the same.
                if error.errno != errno.ENOBUFS:
                    return
