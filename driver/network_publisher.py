"""Publishes one pool of network-attached devices, which may change while it does."""

import threading
from collections.abc import Callable

from drawplate.driver import inventory
from drawplate.driver.api import Api
from drawplate.driver.fabric_file import NetworkPool
from drawplate.driver.metrics import Metrics
from drawplate.driver.owner import Owner
from drawplate.driver.pool import Pool
from drawplate.driver.slices import Publisher


class NetworkPublisher(Publisher):
    """Publishes the last state that it was told; `stopping` is set once the pool is gone."""

    def __init__(
        self,
        api: Callable[[], Api],
        driver: str,
        pool: NetworkPool,
        metrics: Metrics,
        owner: Owner | None = None,
    ) -> None:
        self._driver = driver
        self._told = self._published = pool
        self.stopping = threading.Event()
        made = Pool(driver, pool.name, labels=pool.labels)
        super().__init__(
            api, made, lambda: inventory.describe(self._published.devices), metrics, owner
        )

    def follow(self, pool: NetworkPool) -> None:
        """Publish this state of the pool from now on."""
        if pool != self._told:
            self._told = pool
            self.wake()

    def reconcile(self) -> float | None:
        """Make the slices right; give seconds after which to look again, or None. Raises ApiError."""
        # Taken at once: devices must not be offered to the nodes of the state before.
        self._published = self._told
        self._pool = Pool(self._driver, self._published.name, labels=self._published.labels)
        return super().reconcile()

    def stop(self) -> None:
        """End the loops; the slices stay."""
        self.stopping.set()
        self.wake()
