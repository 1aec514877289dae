"""Locks by claim: calls for one UID come one after another, for different ones side by side."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class ClaimLocks:
    """One lock per claim UID, kept only while someone holds or wants it."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._locks: dict[str, tuple[threading.Lock, int]] = {}

    @contextmanager
    def hold(self, uid: str) -> Iterator[None]:
        """Wait for the claim's lock and hold it."""
        with self._lock(uid) as lock, lock:
            yield

    @contextmanager
    def try_hold(self, uid: str) -> Iterator[bool]:
        """Hold the claim's lock if it is free; tell whether it was."""
        with self._lock(uid) as lock:
            held = lock.acquire(blocking=False)
            try:
                yield held
            finally:
                if held:
                    lock.release()

    @contextmanager
    def _lock(self, uid: str) -> Iterator[threading.Lock]:
        with self._guard:
            lock, users = self._locks.get(uid, (threading.Lock(), 0))
            self._locks[uid] = lock, users + 1
        try:
            yield lock
        finally:
            with self._guard:
                lock, users = self._locks[uid]
                if users == 1:
                    del self._locks[uid]
                else:
                    self._locks[uid] = lock, users - 1
