"""The controller of network-attached devices: it publishes the pools of the inventory file."""

import functools
import logging
import socket
import threading
import time
from collections.abc import Sequence

from drawplate.driver import fabric_file, kubeconfig
from drawplate.driver.fabric_file import NetworkPool
from drawplate.driver.listening import listen
from drawplate.driver.metrics import Metrics
from drawplate.driver.network_publisher import NetworkPublisher
from drawplate.driver.owner import Owner
from drawplate.driver.settings import Settings
from drawplate.driver.tasks import Tasks
from drawplate.driver.watching import changes
from drawplate.driver.withdrawing import Withdrawal
from drawplate.emulators.problems import SetupProblem

_log = logging.getLogger(__name__)


class Controller:
    """The parts of one controller. Nothing happens before `start`.

    It has a publisher for each pool and withdraws the slices of all others. It keeps nothing: all
    there is to know is in the inventory and on the API server.
    """

    def __init__(self, settings: Settings) -> None:
        """Read the inventory and the kubeconfig. Raises SetupProblem when they are not right."""
        self.settings = settings
        self.metrics = Metrics()
        self.inventory = settings.roots.inventory
        self.pools = _by_name(fabric_file.read(self.inventory))
        self.api = kubeconfig.connector(kubeconfig.load(settings.kubeconfig))
        self.owner = Owner.namespace(settings.namespace) if settings.namespace else None
        self.publishers: dict[str, NetworkPublisher] = {}
        self.withdrawal = Withdrawal(self.api, settings.driver, lambda: self.pools, self.metrics)
        self.tasks = Tasks()
        self.ending, self.stopping = self.tasks.ending, self.tasks.stopping
        self._lock = threading.Lock()
        self._complaint = ""

    def start(self) -> None:
        """Publish. Raises SetupProblem."""
        http = listen(self.settings.http_address, self.settings.http_port)
        extra = {"driver": self.settings.driver, "pools": sorted(self.pools)}
        _log.info("publishing", extra={**extra, "cpu_seconds": f"{time.process_time():.3f}"})
        self._gauges()
        self.apply(self.pools)
        watch = functools.partial(self.withdrawal.watch, self.withdrawal.selector, self.stopping)
        self.tasks.spawn("withdrawal-watch", watch)
        self.tasks.spawn("withdrawal", lambda: self.withdrawal.run(self.stopping))
        self.tasks.spawn("inventory", self._follow_inventory)
        self.tasks.spawn("http", lambda: self._serve_http(http))

    def stop(self) -> None:
        """Stop: the slices stay, so that a successor finds them.

        Raises the Problem that ended the controller, if one did.
        """
        self.stopping.set()
        self.withdrawal.wake()
        with self._lock:
            for publisher in self.publishers.values():
                publisher.stop()
        self.tasks.end()

    def look(self) -> None:
        """Read the inventory; while it is broken, the last known state holds."""
        try:
            pools = _by_name(fabric_file.read(self.inventory))
        except SetupProblem as problem:
            # It is looked at every two seconds; what is wrong is said once.
            if str(problem) != self._complaint:
                _log.error("the inventory cannot be read", extra={"problem": str(problem)})
            self._complaint = str(problem)
            return
        self._complaint = ""
        if pools != self.pools:
            _log.info("the inventory changed", extra={"pools": sorted(pools)})
            self.apply(pools)

    def apply(self, pools: dict[str, NetworkPool]) -> None:
        """Publish exactly these pools from now on."""
        with self._lock:
            if self.stopping.is_set():
                return
            self.pools = pools
            for name in self.publishers.keys() - pools.keys():
                self.publishers.pop(name).stop()
            for name, pool in pools.items():
                if name in self.publishers:
                    self.publishers[name].follow(pool)
                else:
                    self.publishers[name] = self._publish(pool)
        # After the publishers were told to stop: what one of them still writes is an event.
        self.withdrawal.wake()

    def _publish(self, pool: NetworkPool) -> NetworkPublisher:
        driver = self.settings.driver
        publisher = NetworkPublisher(self.api, driver, pool, self.metrics, self.owner)
        stop = publisher.stopping
        for selector in publisher.selectors:
            watch = functools.partial(publisher.watch, selector, stop)
            self.tasks.spawn("slice-watch", watch, stop)
        self.tasks.spawn("slices", lambda: publisher.run(stop), stop)
        return publisher

    def _follow_inventory(self) -> None:
        for _ in changes(lambda: [self.inventory.parent], self.stopping):
            self.look()

    def _serve_http(self, listening: socket.socket) -> None:
        # Imported late: publishing need not wait for it.
        from drawplate.driver.liveness import serve  # noqa: PLC0415

        _log.info("http", extra={"address": "{}:{}".format(*listening.getsockname()[:2])})
        # It serves nothing else, and neither a broken inventory nor an API server that is away
        # would get better by a restart.
        serve(listening, lambda: "", self.metrics)

    def _gauges(self) -> None:
        gauge = self.metrics.gauge
        gauge("pools", "Pools of the inventory.", lambda: len(self.pools))
        gauge(
            "devices",
            "Devices of the inventory.",
            lambda: sum(len(pool.devices) for pool in self.pools.values()),
        )


def _by_name(pools: Sequence[NetworkPool]) -> dict[str, NetworkPool]:
    return {pool.name: pool for pool in pools}
