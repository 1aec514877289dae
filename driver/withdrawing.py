"""Withdraws the slices of pools that the inventory does not have, or not any more."""

import logging
from collections.abc import Callable, Collection, Mapping
from typing import Any

from drawplate.driver.api import Api
from drawplate.driver.metrics import Metrics
from drawplate.driver.pool import Slice
from drawplate.driver.reconciling import Reconciler
from drawplate.driver.slices import PATH

_log = logging.getLogger(__name__)


class Withdrawal(Reconciler):
    """Deletes slices of this driver that belong to no node and to no pool of the inventory.

    Some may have been written while nobody ran, or by a publisher that was just being stopped, so
    it looks at what there is and not at what changed in the inventory.
    """

    def __init__(
        self,
        api: Callable[[], Api],
        driver: str,
        pools: Callable[[], Collection[str]],
        metrics: Metrics,
    ) -> None:
        super().__init__(api, PATH, metrics)
        self._driver = driver
        self._pools = pools
        self.selector = f"spec.driver={driver}"

    def reconcile(self) -> None:
        """Delete what is obsolete. Raises ApiError."""
        listed = self._api().get(PATH, query={"fieldSelector": self.selector})
        obsolete = [one for one in listed.get("items") or () if self._is_obsolete(one)]
        for one in obsolete:
            self._delete(one)
            extra = {"slice": one["metadata"]["name"], "pool": one["spec"]["pool"]["name"]}
            _log.info("slice withdrawn", extra=extra)
        if obsolete:
            self._pace.spend()

    def is_news(self, event: Mapping[str, Any]) -> bool:
        """Tell whether an event shows a slice that is to be deleted."""
        if event["type"] in {"BOOKMARK", "DELETED"}:
            return False
        return self._is_obsolete(event["object"])

    def _is_obsolete(self, found: Slice) -> bool:
        spec = found["spec"]
        ours = spec["driver"] == self._driver and not spec.get("nodeName")
        return ours and spec["pool"]["name"] not in self._pools()
