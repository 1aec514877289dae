"""The stage of bench tests: one node with the driver under test on it, and us around it."""

import json
import time
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from drawplate.conformance.bench.cdi import FileState, UnresolvedDevice
from drawplate.conformance.bench.cdi_edits import Edits
from drawplate.conformance.bench.claim_desk import Claim
from drawplate.conformance.bench.claims import ClaimRef
from drawplate.conformance.bench.link import ApiLink
from drawplate.conformance.bench.node import BenchNode
from drawplate.conformance.bench.registration import Introduction, Refused
from drawplate.conformance.bench.results import Prepared
from drawplate.conformance.bench.slice_view import SliceView
from drawplate.conformance.drivers.hardware import BenchHardware, machine_of
from drawplate.conformance.drivers.identity import Credentials, issue_credentials
from drawplate.conformance.drivers.place import Place
from drawplate.conformance.drivers.process import DriverProcess
from drawplate.conformance.problems import Inconclusive
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.observation import expected_identities, identities
from drawplate.driver.wire import registration_pb2

Files = Mapping[Path, FileState]
LOG_TAIL_BYTES = 200_000


class Stage:
    """One bench node. The driver's process starts with it; `ready` waits until it can be used.

    Methods that wait for the driver raise Inconclusive when it does not come: that a driver
    registers and publishes is what a few tests prove, and all others presume.
    """

    # All but the first two are named.
    def __init__(  # noqa: PLR0913
        self,
        profile: Profile,
        kubeconfig: Path,
        *,
        run: str,
        binaries: Mapping[str, Path],
        budget: float,
        hardware: BenchHardware | None = None,
    ) -> None:
        """Make the node and start the driver on it; `budget` is how long it may take, in seconds.

        `hardware` is what the driver finds, as new; whoever gives it ends it. Without it the stage
        has its own, if the profile names a machine. Raises SetupProblem.
        """
        self.profile = profile
        self.budget = budget
        self.node = BenchNode(kubeconfig, profile.driver.name, run=run)
        self.api = self.node.api
        self.log = self.node.log
        self.kubelet = self.node.kubelet
        self.slices = SliceView(
            self.api, profile.driver.name, self.node.scheduler.facts(), self.budget
        )
        address = urlsplit(self.api.server)
        self.link = ApiLink(address.hostname or "", address.port or 443)
        self.link.__enter__()
        self.credentials = self._credentials()
        place = Place.on(
            self.node.paths,
            kubeconfig=self.credentials.kubeconfig,
            node_name=self.node.name,
            instance=uuid.uuid4().hex,
            binaries=binaries,
        )
        self._own_hardware = None if hardware else self._emulate()
        self.hardware = hardware or self._own_hardware
        if self.hardware:
            place = replace(place, hardware=self.hardware.root)
        self.driver = DriverProcess(
            profile, place, log=self.node.paths.root / "driver.log", hardware=self.hardware
        )
        self._log_begin = self._mark = 0
        self._baseline: Files = {}
        self.driver.start()
        self.kubelet.start()

    def _emulate(self) -> BenchHardware | None:
        machine = machine_of(self.profile)
        if machine is None:
            return None
        paths = self.node.paths
        return BenchHardware(machine, paths.hardware_state, self.node.name, paths.cdi_dynamic)

    def _credentials(self) -> Credentials:
        target = self.node.paths.root / "driver.kubeconfig"
        server = f"https://127.0.0.1:{self.link.port}"
        return issue_credentials(self.profile, self.api, self.node.name, target, server=server)

    def close(self) -> None:
        """End the driver and the node; nothing is left."""
        self.driver.kill()
        if self._own_hardware:
            self._own_hardware.close()
        self.link.close()
        self.node.close()

    # The driver's life.

    def ready(self) -> Self:
        """Wait until the driver is registered, serves, and has published complete pools."""
        self.kubelet.registered(budget=self.budget)
        self._serving()
        self.node.scheduler.slices(self.budget)
        return self

    def start_again(self) -> None:
        """Start the driver after it ended, and wait until it is registered anew and serves."""
        before = time.monotonic()
        self.driver.start()
        registry = self.kubelet.registry
        name = self.profile.driver.name

        def renewed() -> bool:
            return any(one.name == name and one.at > before for one in registry.registrations)

        if not registry.wait(renewed, self.budget):
            state = "runs" if self.driver.alive else f"ended with {self.driver.exit_code}"
            raise Inconclusive(f"the driver {state} and did not register anew: {self.refusals()}")
        self._serving()

    def crash(self) -> None:
        """Kill the driver and start it again."""
        self.driver.kill()
        self.start_again()

    def reboot(self) -> None:
        """Do what a reboot does: all processes end, and /var/run is empty."""
        self.kubelet.stop()
        self.driver.kill()
        self.node.paths.lose_boot_state()
        self.driver.start()
        self.kubelet.restart()
        self.ready()

    def _serving(self) -> None:
        endpoint = self.kubelet.registry.endpoint(self.profile.driver.name)
        if endpoint is None or not endpoint.wait_connected(self.budget):
            raise Inconclusive("nobody serves on the endpoint that the driver registered")

    # Registration.

    def greeted(self) -> bool:
        """Wait until a registration socket answered; say whether one did."""
        registry = self.kubelet.registry

        def answered() -> bool:
            spoke = [one for one in registry.refusals if one.step != "dial"]
            return bool(registry.registrations or spoke)

        return registry.wait(answered, self.budget)

    def info(self) -> registration_pb2.PluginInfo:
        """Give what GetInfo answered. Raises Inconclusive when it never did."""
        self.greeted()
        if not self.answered_get_info():
            raise Inconclusive(f"GetInfo was never answered: {self.refusals()}")
        reply = [one.reply for one in self.log.select(method="GetInfo") if one.status == "OK"][-1]
        return registration_pb2.PluginInfo(**reply or {})

    def answered_get_info(self) -> bool:
        """Say whether any GetInfo was answered in time."""
        return any(one.status == "OK" for one in self.log.select(method="GetInfo"))

    def refusals(self) -> list[str]:
        """Give the reasons of the last attempts that did not end in a registration."""
        return [f"{one.step}: {one.reason}" for one in self.kubelet.registry.refusals[-3:]]

    def notify_refusal(self, socket: str, reason: str) -> None:
        """Tell the driver that its registration failed, as the kubelet may at any time."""
        # A driver may answer with an error of its own; that it was told is what counts.
        with suppress(Refused), Introduction(socket, self.log) as plugin:
            plugin.tell(plugin.ask(), reason)

    # What a container would get.

    def held(self, claim: Claim) -> Prepared:
        """Prepare a claim whose CDI devices resolve, as the premise of a test."""
        outcome = self.kubelet.prepared(claim)
        self.edits(outcome)
        return outcome

    def edits(self, outcome: Prepared, request: str | None = None) -> Edits:
        """Give the edits of a claim, or of one request. Raises Inconclusive if unresolved."""
        try:
            return self.kubelet.cdi.edits_of(outcome, request)
        except UnresolvedDevice as error:
            raise Inconclusive(str(error)) from error

    def unresolved(self, outcome: Prepared) -> list[str]:
        """Give the CDI devices of the reply that a container runtime could not find."""
        return sorted(set(outcome.cdi_ids()) - set(self.kubelet.cdi.view().devices))

    def shown(self, outcome: Prepared, request: str | None = None) -> frozenset[str]:
        """Give the identities that show in a container with the claim, or one request of it."""
        return identities(self.profile, self.edits(outcome, request))

    def expected(self, claim: Claim, request: str | None = None) -> frozenset[str]:
        """Give the identities that must show for the claim's allocation."""
        results = claim["status"]["allocation"]["devices"]["results"]
        wanted = [r for r in results if request in {None, r["request"].partition("/")[0]}]
        name = claim["metadata"]["name"]
        return expected_identities(self.profile, self.slices.current(), wanted, claim=name)

    def surplus(self, before: Files) -> list[str]:
        """Name the files of the CDI folders that were not there before, or differ."""
        now = self.kubelet.cdi.snapshot()
        return sorted(path.name for path, state in now.items() if before.get(path) != state)

    def eventually_prepared(self, claim: Claim) -> Prepared:
        """Prepare as the kubelet does, again and again, until it succeeds or time is up."""
        end = time.monotonic() + self.budget
        while True:
            outcome = self.kubelet.prepare(claim)
            if outcome.ok or time.monotonic() > end:
                return outcome
            time.sleep(0.5)

    # Between tests.

    def begin(self) -> None:
        """Note the state before a test."""
        self._baseline = self.kubelet.cdi.snapshot()
        self._mark = self.log.mark()
        path = self.driver.log.path
        self._log_begin = path.stat().st_size if path.exists() else 0

    def collect(self, folder: Path, claims: list[Claim]) -> None:
        """Copy the evidence of the test: calls, claims, slices, CDI files, the driver's log."""
        folder.mkdir(parents=True, exist_ok=True)
        calls = [asdict(one) | {"seconds": one.seconds} for one in self.log.since(self._mark)]
        lines = "".join(json.dumps(call, default=str) + "\n" for call in calls)
        (folder / "calls.jsonl").write_text(lines, encoding="utf-8")
        _dump(folder / "claims.json", claims)
        _dump(folder / "slices.json", self.slices.current())
        for path, state in self.kubelet.cdi.snapshot().items():
            (folder / f"cdi-{path.name}").write_bytes(state.content)
        log = self.driver.log.path
        if log.exists():
            with log.open("rb") as source:
                source.seek(max(self._log_begin, log.stat().st_size - LOG_TAIL_BYTES))
                (folder / "driver.log").write_bytes(source.read())

    def settle(self, claims: list[Claim]) -> bool:
        """Unprepare what the test left, delete its claims; say whether all is as before it."""
        for claim in claims:
            meta = claim["metadata"]
            self.api.delete("ResourceClaim", meta["name"], meta["namespace"])
        if (
            not self.driver.alive
            or self.kubelet.registry.endpoint(self.profile.driver.name) is None
        ):
            return False
        refs = [ClaimRef.of(claim) for claim in claims]
        outcomes = [self.kubelet.unprepare(ref) for ref in refs]
        clean = all(outcome.ok for outcome in outcomes)
        return clean and self.kubelet.cdi.snapshot() == self._baseline


def _dump(path: Path, data: object) -> None:
    path.write_text(json.dumps(data, indent=1, default=str), encoding="utf-8")
