"""Fixtures of the cluster height: the sites of the run, a stage on one of them for each test."""

import random
from collections.abc import Iterator
from dataclasses import replace

import pytest

from drawplate.conformance.cluster.evidence import ComponentLogs, gather
from drawplate.conformance.cluster.opening import Order, find_cluster, join_site
from drawplate.conformance.cluster.remote_deployment import RemoteDeployment
from drawplate.conformance.cluster.site import Site
from drawplate.conformance.cluster.stage import Stage, set_stage
from drawplate.conformance.cluster.tidy import restore, tidy
from drawplate.conformance.problems import Inconclusive, SetupProblem, SuiteError
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.run.context import RunContext
from drawplate.conformance.run.keys import EVIDENCE, LEASE
from drawplate.conformance.run.leasing import link_of
from drawplate.conformance.run.site_link import SiteLink


class JoinedSites:
    """The sites of the run as this worker sees them, each joined when it is first needed."""

    def __init__(self, order: Order, link: SiteLink) -> None:
        """Join none yet."""
        self._order = order
        self._joined: dict[str, Site] = {}
        self.link = link

    def on(self, node: str) -> Site:
        """Give the site on a node, with what is known of its driver now."""
        if node not in self._joined:
            self._joined[node] = self._join(node)
        site = self._joined[node]
        site.driver.memory = self.link.ask("recall", node)
        return site

    def names(self) -> list[str]:
        """Give the names of all nodes with a site."""
        found: list[str] = self.link.ask("nodes")
        return found

    def close(self) -> None:
        """Leave them."""
        for site in self._joined.values():
            site.api.close()

    def _join(self, name: str) -> Site:
        def call(word: str, *arguments: object) -> object:
            return self.link.ask(word, name, *arguments)

        node = next(one for one in self._order.cluster.nodes if one.name == name)
        right = self.link.ask("right", name)
        return join_site(self._order, node, RemoteDeployment(call), right)


@pytest.fixture(scope="session")
def cluster_sites(
    run: RunContext,
    profile: Profile,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[JoinedSites]:
    """Give the nodes of the run's cluster, with the driver deployed on them."""
    if run.problem:
        what, where, cure = run.problem
        raise SetupProblem(what, where=where, cure=cure)
    if not run.host:
        raise SuiteError("a cluster test was selected in a run without a cluster")
    order = Order(
        profile=profile,
        cluster=find_cluster(run.cluster),
        scratch=tmp_path_factory.mktemp("cluster"),
        run_id=run.run_id,
        patience=run.patience,
    )
    sites = JoinedSites(order, link_of(request.config))
    yield sites
    sites.close()


@pytest.fixture
def cluster(
    cluster_sites: JoinedSites, run: RunContext, request: pytest.FixtureRequest
) -> Iterator[Stage]:
    """Give the stage of one test; evidence is kept before all of the test is removed."""
    link, node = cluster_sites.link, cluster_sites.link.node
    lent: list[Site] = []

    def lend(name: str) -> Site:
        site = _lend(cluster_sites, name, request.node)
        lent.append(site)
        if site.lease.has("driver"):
            # Tests that ran side by side could not see all that they left.
            restore(site)
        site.driver.mark()
        return site

    def lend_others() -> list[Site]:
        return [lend(name) for name in cluster_sites.names() if name != node]

    try:
        site = lend(node)
        random.seed(f"{run.seed}/{request.node.nodeid}")
        logs = ComponentLogs(site.cluster)
        logs.mark()
        stage = set_stage(site, request.node.name, lend_others)
        yield stage
        try:
            gather(stage, logs, request.node.stash[EVIDENCE])
        finally:
            tidy(stage)
    finally:
        for each in lent:
            if each.lease.has("driver"):
                link.ask("note", each.node.name, each.driver.memory)


def _lend(sites: JoinedSites, node: str, item: pytest.Item) -> Site:
    site = sites.on(node)
    if site.driver.memory.hopeless:
        raise Inconclusive(site.driver.memory.hopeless)
    lease = item.stash[LEASE]
    deployment = site.driver.deployment
    first = deployment.instance
    lease.same_instance = lambda: first == deployment.instance
    widen = lease.widen_to_node

    def widen_to_node() -> None:
        widen()
        # Whoever had the node meanwhile may have started the driver anew.
        sites.on(node)

    lease.widen_to_node = widen_to_node
    site.driver.lease = lease
    return replace(site, lease=lease)
