"""Fixtures of the cluster height: a site for the session, a stage for each test."""

import random
from collections.abc import Iterator

import pytest

from drawplate.conformance.cluster.evidence import ComponentLogs, gather
from drawplate.conformance.cluster.opening import Order, find_cluster, open_site
from drawplate.conformance.cluster.site import Site
from drawplate.conformance.cluster.stage import Stage, set_stage
from drawplate.conformance.cluster.tidy import tidy
from drawplate.conformance.problems import Inconclusive, SuiteError
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.run.context import RunContext
from drawplate.conformance.run.keys import EVIDENCE


@pytest.fixture(scope="session")
def cluster_site(
    run: RunContext, profile: Profile, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Give the cluster of the run with the driver deployed on it, for all cluster tests."""
    if not run.cluster:
        raise SuiteError("a cluster test was selected in a run without a cluster")
    order = Order(
        profile=profile,
        cluster=find_cluster(run.cluster),
        scratch=tmp_path_factory.mktemp("cluster"),
        run_id=run.run_id,
        patience=run.patience,
    )
    with open_site(order) as site:
        yield site


@pytest.fixture
def cluster(cluster_site: Site, run: RunContext, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Give the stage of one test; evidence is kept before all of the test is removed."""
    site = cluster_site
    if site.driver.hopeless:
        raise Inconclusive(site.driver.hopeless)
    random.seed(f"{run.seed}/{request.node.nodeid}")
    logs = ComponentLogs(site.cluster)
    logs.mark()
    site.driver.deployment.mark()
    stage = set_stage(site, request.node.name)
    yield stage
    try:
        gather(stage, logs, request.node.stash[EVIDENCE])
    finally:
        tidy(stage)
