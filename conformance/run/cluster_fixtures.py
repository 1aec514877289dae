"""Fixtures of the cluster height: a site for the session, a stage for each test."""

import re
from collections.abc import Iterator

import pytest

from drawplate.conformance.cluster import objects
from drawplate.conformance.cluster.evidence import ComponentLogs, gather
from drawplate.conformance.cluster.opening import open_site
from drawplate.conformance.cluster.stage import Site, Stage
from drawplate.conformance.cluster.tidy import tidy
from drawplate.conformance.problems import SuiteError
from drawplate.conformance.run.keys import CONTEXT, EVIDENCE

# kubernetes v1.37 plugin/pkg/admission/serviceaccount: no pod is taken before the namespace has
# its default account; seconds, before patience.
ACCOUNT_SECONDS = 20.0


@pytest.fixture(scope="session")
def cluster_site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """Give the cluster of the run with the driver deployed on it, for all cluster tests."""
    run = request.config.stash.get(CONTEXT, None)
    if run is None or not run.cluster:
        raise SuiteError("a cluster test was selected in a run without a cluster")
    with open_site(run, tmp_path_factory.mktemp("cluster")) as site:
        yield site


@pytest.fixture
def cluster(cluster_site: Site, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """Give the stage of one test; evidence is kept before all of the test is removed."""
    site = cluster_site
    logs = ComponentLogs(site.cluster)
    logs.mark()
    site.driver.deployment.mark()
    stage = Stage(site, _make_namespace(site, request.node.name))
    yield stage
    folder = request.node.stash.get(EVIDENCE, None)
    if folder:
        gather(stage, logs, folder)
    tidy(stage)


def _make_namespace(site: Site, test: str) -> str:
    """Create a namespace that tells its test, and wait until pods can be made in it."""
    words = re.sub("[^a-z0-9]+", "-", test.removeprefix("test_").lower()).strip("-")
    body = objects.namespace(f"drawplate-{words[:40]}-", site.run_id)
    name = str(site.api.create(body)["metadata"]["name"])
    budget = ACCOUNT_SECONDS * site.patience
    site.api.wait_for("ServiceAccount", "default", bool, budget, name)
    return name
