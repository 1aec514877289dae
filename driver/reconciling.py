"""The loops of whatever keeps objects on the API server as they must be."""

import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from drawplate.driver.api import Api, ApiError
from drawplate.driver.metrics import Metrics
from drawplate.driver.pace import Backoff, Pace

_log = logging.getLogger(__name__)

# As often as the kubelet's own helper synchronises when all is lost. Seconds.
LONGEST_BACKOFF = 30.0


class Reconciler(ABC):
    """Compares the ResourceSlices of a collection with what they must be, whenever it is asked."""

    def __init__(self, api: Callable[[], Api], path: str, metrics: Metrics) -> None:
        self._api = api
        self._path = path
        self._metrics = metrics
        self._wake = threading.Event()
        self._pace = Pace(burst=10, seconds=5.0)

    @abstractmethod
    def reconcile(self) -> float | None:
        """Make it right; give seconds after which to look again, or None. Raises ApiError."""

    @abstractmethod
    def is_news(self, event: Mapping[str, Any]) -> bool:
        """Tell whether an event of a watch asks for a comparison."""

    def wake(self) -> None:
        """Ask for a comparison."""
        self._wake.set()

    def run(self, stop: threading.Event) -> None:
        """Compare when asked, until `stop` is set and `wake` called."""
        backoff = Backoff(0.5, LONGEST_BACKOFF)
        pause: float | None = None
        self.wake()
        while not stop.is_set():
            self._wake.wait(pause)
            stop.wait(self._pace.delay())
            if stop.is_set():
                return
            self._wake.clear()
            try:
                pause = self.reconcile()
                backoff.succeed()
            except ApiError as error:
                seconds = backoff.fail(error.retry_after)
                self._report(error, seconds)
                stop.wait(seconds)
                self.wake()

    def watch(self, selector: str, stop: threading.Event) -> None:
        """Ask for a comparison whenever a slice of `selector` was changed by someone else."""
        backoff = Backoff(0.5, LONGEST_BACKOFF)
        while not stop.is_set():
            try:
                events = self._api().watch(self._path, {"fieldSelector": selector})
                # What happened while nobody watched is found by comparing.
                self.wake()
                backoff.succeed()
                for event in events:
                    if stop.is_set():
                        return
                    if self.is_news(event):
                        self.wake()
            except ApiError as error:
                if error.status == HTTPStatus.BAD_REQUEST:
                    _log.info("the server does not know a selector", extra={"selector": selector})
                    return
                _log.warning("watch failed", extra={"selector": selector, "error": str(error)})
                stop.wait(backoff.fail(error.retry_after))

    def _delete(self, one: Mapping[str, Any]) -> None:
        metadata = one["metadata"]
        conditions = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        self._api().delete(f"{self._path}/{metadata['name']}", {"preconditions": conditions})
        self._metrics.count("slice_writes", "delete")

    def _report(self, error: ApiError, seconds: float) -> None:
        self._metrics.count("slice_failures", str(error.status))
        level = logging.INFO if error.status == HTTPStatus.CONFLICT else logging.ERROR
        _log.log(level, "slices not right yet", extra={"error": str(error), "again_in": seconds})
