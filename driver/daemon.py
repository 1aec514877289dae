"""One running driver: its parts, the order in which they start, and a clean stop."""

import functools
import logging
import socket
import time
from pathlib import Path
from typing import TextIO

from drawplate.driver import inventory, kubeconfig, lock, moving, sharing
from drawplate.driver.cdi import CdiFolder
from drawplate.driver.checkpoint import Checkpoint
from drawplate.driver.claims import Claims
from drawplate.driver.core import Core
from drawplate.driver.fabric import NETWORK_ATTACHED
from drawplate.driver.hardware import FAMILIES, Hardware
from drawplate.driver.ledger import Ledger
from drawplate.driver.listening import listen
from drawplate.driver.metrics import Metrics
from drawplate.driver.owner import Owner
from drawplate.driver.pool import Pool
from drawplate.driver.scope import Scope
from drawplate.driver.services import PluginV1, PluginV1Beta1, Registration
from drawplate.driver.settings import Settings
from drawplate.driver.slices import Publisher
from drawplate.driver.sockets import Socket
from drawplate.driver.tasks import Tasks
from drawplate.driver.upkeep import Upkeep
from drawplate.driver.wire import dra_v1_pb2_grpc, dra_v1beta1_pb2_grpc, registration_pb2_grpc
from drawplate.emulators.problems import SetupProblem

_log = logging.getLogger(__name__)

# For calls under way at a stop: reading a claim takes claims.READ_BUDGET at most. Seconds.
STOP_SECONDS = 20.0


class Driver:
    """The parts of one driver. Nothing happens before `start`; parts may be replaced until then."""

    def __init__(self, settings: Settings) -> None:
        """Read the hardware and the kubeconfig. Raises SetupProblem when they are not right."""
        self.settings = settings
        self.metrics = Metrics()
        self.hardware = Hardware(FAMILIES[settings.family](settings.roots, settings.state))
        self.api = kubeconfig.connector(kubeconfig.load(settings.kubeconfig))
        self.claims = Claims(self.api, settings.driver)
        self.scope = Scope(sharing.parse if settings.family == "gpu" else sharing.refuse)
        self.checkpoint = Checkpoint(settings.checkpoint)
        self.ledger = Ledger(self.checkpoint)
        self.cdi = CdiFolder(settings.cdi, settings.driver, settings.mover)
        self.core = Core(
            pool=settings.node,
            claims=self.claims,
            scope=self.scope,
            hardware=self.hardware,
            ledger=self.ledger,
            cdi=self.cdi,
            metrics=self.metrics,
        )
        self.publisher = Publisher(
            self.api,
            Pool.of_node(settings.driver, settings.node),
            lambda: inventory.describe(self.hardware.devices()),
            self.metrics,
            Owner.node(settings.node),
        )
        self.registration = Registration(settings.driver, settings.service_socket)
        self.plugin_v1 = PluginV1(self.core)
        self.plugin_v1beta1 = PluginV1Beta1(self.core)
        # GetInfo has threads of its own, so it answers while all others are busy.
        self.service_socket = Socket(settings.service_socket, self._serve, workers=32)
        self.registration_socket = Socket(settings.registration_socket, self._introduce, workers=2)
        sockets = (self.service_socket, self.registration_socket)
        self.upkeep = Upkeep(sockets, self.core, settings.cdi)
        self.tasks = Tasks()
        self.ending, self.stopping = self.tasks.ending, self.tasks.stopping
        self._held: list[TextIO] = []

    def start(self) -> None:
        """Serve. Everything that registration does not need comes after it. Raises SetupProblem."""
        settings = self.settings
        self._held += [lock.hold(path) for path in settings.locks]
        if settings.family == "nic":
            _install(settings.mover)
        self.ledger.load(self.cdi.take_over)
        self.core.restore()
        http = listen(settings.http_address, settings.http_port)
        for one in (self.service_socket, self.registration_socket):
            _open(one)
        extra = {"driver": settings.driver, "node": settings.node}
        extra["cpu_seconds"] = f"{time.process_time():.3f}"
        _log.info("serving", extra=extra)
        self._gauges()
        # Network-attached devices are no node's, so their slices are the controller's.
        if settings.family != NETWORK_ATTACHED:
            self._publish()
        self.tasks.spawn("upkeep", lambda: self.upkeep.run(self.stopping))
        self.tasks.spawn("hardware", self._follow_hardware)
        self.tasks.spawn("http", lambda: self._serve_http(http))

    def stop(self) -> None:
        """Stop: no new calls, those under way are finished, slices and prepared claims stay.

        Raises the Problem that ended the driver, if one did.
        """
        self.stopping.set()
        self.publisher.wake()
        self.registration_socket.close(1.0)
        self.service_socket.close(STOP_SECONDS)
        self.core.stop()
        for held in self._held:
            held.close()
        self.tasks.end()

    def _serve(self, server: object) -> None:
        dra_v1_pb2_grpc.add_DRAPluginServicer_to_server(self.plugin_v1, server)
        dra_v1beta1_pb2_grpc.add_DRAPluginServicer_to_server(self.plugin_v1beta1, server)

    def _introduce(self, server: object) -> None:
        registration_pb2_grpc.add_RegistrationServicer_to_server(self.registration, server)

    def _publish(self) -> None:
        for selector in self.publisher.selectors:
            watch = functools.partial(self.publisher.watch, selector, self.stopping)
            self.tasks.spawn("slice-watch", watch)
        self.tasks.spawn("slices", lambda: self.publisher.run(self.stopping))

    def _follow_hardware(self) -> None:
        for _ in self.hardware.changes(self.stopping):
            if self.hardware.changed():
                self.publisher.wake()

    def _serve_http(self, listening: socket.socket) -> None:
        # Imported late: registration must not wait for it.
        from drawplate.driver.liveness import check, serve  # noqa: PLC0415

        settings = self.settings
        _log.info("http", extra={"address": "{}:{}".format(*listening.getsockname()[:2])})
        paths = settings.registration_socket, settings.service_socket, settings.cdi
        serve(listening, lambda: check(*paths), self.metrics)

    def _gauges(self) -> None:
        gauge = self.metrics.gauge
        gauge("prepared_claims", "Claims that hold devices.", lambda: len(self.ledger.all()))
        gauge("devices", "Devices that are plugged in.", lambda: len(self.hardware.devices()))
        gauge("registered", "Whether the kubelet accepted.", lambda: self.registration.registered)


def _install(mover: Path) -> None:
    try:
        moving.install(mover)
    except OSError as error:
        raise SetupProblem(
            f"cannot install the program that moves interfaces: {error.strerror}",
            where=str(mover),
            cure="give a --plugin-dir that this user may write to",
        ) from None


def _open(one: Socket) -> None:
    try:
        one.open()
    except OSError as error:
        raise SetupProblem(
            f"cannot serve: {error}",
            where=str(one.path),
            cure="give folders that this user may write to",
        ) from None
