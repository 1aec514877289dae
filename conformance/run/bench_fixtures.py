"""Fixtures of bench tests: each test gets a stage, its own namespace, and leaves evidence."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drawplate.conformance.bench.claim_desk import Claim, ClaimDesk
from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.paths import BenchPaths
from drawplate.conformance.bench.rights import Rights
from drawplate.conformance.bench.slice_view import SliceView
from drawplate.conformance.bench.stage import Stage
from drawplate.conformance.drivers.binaries import ensure_binaries
from drawplate.conformance.drivers.hardware import BenchHardware, machine_of, renew
from drawplate.conformance.problems import Inconclusive, SuiteError
from drawplate.conformance.profile.load import load
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.run.context import RunContext
from drawplate.conformance.run.keys import CONTEXT, EVIDENCE, OUTCOME
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.progress import silent

# For what little is still to be seen of a driver that does not become ready.
HOPELESS_SECONDS = 3.0


@pytest.fixture(scope="session")
def run(request: pytest.FixtureRequest) -> RunContext:
    """Give what every process of the run knows."""
    return request.config.stash[CONTEXT]


@pytest.fixture(scope="session")
def profile(run: RunContext) -> Profile:
    """Give the profile of the driver under test."""
    return load(run.profile)


class StageKeeper:
    """Keeps the stage from test to test as long as it is as good as new."""

    def __init__(self, run: RunContext, profile: Profile) -> None:
        """Make no stage yet."""
        self._run = run
        self._profile = profile
        self._binaries = ensure_binaries(profile, silent())
        self._stage: Stage | None = None
        process = profile.deploy.process
        self._budget = (process.ready.timeout if process else 30.0) * run.patience
        self._hopeless = ""
        self._machine = machine_of(profile)
        self._hardware: tuple[BenchHardware, BenchPaths] | None = None

    def lend(self, *, fresh: bool) -> Stage:
        """Give the stage, a new one when the test needs it fresh."""
        if fresh:
            self.drop()
        if self._stage is None:
            self._stage = Stage(
                self._profile,
                Path(self._run.bench_kubeconfig),
                run=self._run.run_id,
                binaries=self._binaries,
                budget=HOPELESS_SECONDS * self._run.patience if self._hopeless else self._budget,
                hardware=self._lend_hardware(),
            )
        return self._stage

    def ready(self, stage: Stage) -> Stage:
        """Give the lent stage once its driver is ready.

        A driver that once did not become ready in all its time is not waited for again: the
        tests that presume it are Inconclusive at once, and the report is there in minutes.
        """
        if self._hopeless:
            raise Inconclusive(f"in an earlier test already: {self._hopeless}")
        try:
            return stage.ready()
        except Inconclusive as error:
            self._hopeless = str(error)
            stage.budget = HOPELESS_SECONDS * self._run.patience
            raise

    def take_back(self, claims: list[Claim], *, untouched: bool) -> None:
        """Keep the stage for the next test if it is as before; a hopeless one is kept as it is."""
        stage = self._stage
        if stage is None or (self._hopeless and stage.driver.alive):
            return
        if not (untouched and stage.settle(claims)):
            self.drop()

    def drop(self) -> None:
        """End the stage."""
        stage, self._stage = self._stage, None
        if stage:
            stage.close()

    def close(self) -> None:
        """End the stage and the hardware under it."""
        self.drop()
        if self._hardware:
            hardware, folders = self._hardware
            hardware.close()
            folders.remove()

    def _lend_hardware(self) -> BenchHardware | None:
        """Give the hardware as new: making its many files anew takes longer than most tests."""
        if self._machine is None:
            return None
        if self._hardware is None:
            folders = BenchPaths.create()
            made = BenchHardware(self._machine, folders.hardware_state, "bench")
            self._hardware = made, folders
        renew(self._hardware[0])
        return self._hardware[0]


@pytest.fixture(scope="session")
def stage_keeper(run: RunContext, profile: Profile) -> Iterator[StageKeeper]:
    """Keep the stage of this worker."""
    keeper = StageKeeper(run, profile)
    yield keeper
    keeper.close()


@pytest.fixture
def bench(
    request: pytest.FixtureRequest, stage_keeper: StageKeeper, run: RunContext
) -> Iterator[Stage]:
    """Give the stage: one node with the driver started, not yet waited for."""
    random.seed(f"{run.seed}/{request.node.nodeid}")
    fresh = request.node.get_closest_marker("fresh") is not None
    stage = stage_keeper.lend(fresh=fresh)
    stage.begin()
    yield stage
    made: list[Claim] = getattr(request.node, "claims_made", [])
    stage.link.mend()
    stage.collect(request.node.stash[EVIDENCE], made)
    passed = request.node.stash.get(OUTCOME, "") == "passed"
    stage_keeper.take_back(made, untouched=passed and not fresh)


@pytest.fixture
def ready_stage(bench: Stage, stage_keeper: StageKeeper) -> Stage:
    """Give the stage with a driver that is ready."""
    return stage_keeper.ready(bench)


@pytest.fixture
def kubelet(ready_stage: Stage) -> Kubelet:
    """Give the kubelet's side of a driver that is ready."""
    return ready_stage.kubelet


@pytest.fixture
def claims(request: Any, ready_stage: Stage, profile: Profile) -> ClaimDesk:
    """Make claims."""
    node = ready_stage.node
    desk = ClaimDesk(profile, node.scheduler, node.namespace)
    request.node.claims_made = desk.made
    return desk


@pytest.fixture
def claim(claims: ClaimDesk) -> Claim:
    """Give an allocated claim for one device."""
    return claims.make()


@pytest.fixture
def slices(bench: Stage) -> SliceView:
    """Give the driver's slices, of which there may be none yet."""
    return bench.slices


@pytest.fixture
def rights(bench: Stage) -> Iterator[Rights]:
    """Ask the API server with the driver's own identity."""
    if not bench.credentials.account:
        raise SuiteError("a test of the driver's rights runs without an identity in the profile")
    api = KubeApi(bench.credentials.kubeconfig)
    yield Rights(api, bench.profile.driver.name)
    api.close()
