"""A lease for each cluster test, from before its time begins to run until all of it is tidied."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drawplate.conformance.cluster.lease import Lease
from drawplate.conformance.problems import Problem
from drawplate.conformance.run.collection import height_of, needs_of
from drawplate.conformance.run.keys import CONTEXT, LEASE, LINK
from drawplate.conformance.run.site_host import HostAddress
from drawplate.conformance.run.site_link import SiteLink


@contextmanager
def leased(item: pytest.Item) -> Iterator[None]:
    """Hold what a test needs; nothing is done for tests that stand on no cluster of the run."""
    context = item.config.stash.get(CONTEXT, None)
    if context is None or not context.host or height_of(item) != "cluster":
        yield
        return
    link = link_of(item.config)
    needs = needs_of(item)
    link.take(needs)
    number, node = link.number, link.node
    item.stash[LEASE] = Lease(
        needs,
        number,
        company=lambda: bool(link.ask("company", number, node)),
        crowded=lambda: bool(link.ask("crowded", number, node)),
        widen_to_node=link.widen,
    )
    try:
        yield
    finally:
        link.give()


def disturbance(item: pytest.Item) -> str:
    """Say why what a test saw may be another test's doing, "" when it is its own."""
    lease = item.stash.get(LEASE, None)
    if lease is None or not lease.needs.shares_devices:
        return ""
    try:
        if not lease.crowded() or lease.same_instance():
            return ""
    except Problem as problem:
        return f"whether the driver ended meanwhile is not known: {problem.what}"
    return (
        "but the driver ended while tests ran side by side, and it is not known which of them "
        "made it end: -n 1 tells"
    )


def unlink(config: pytest.Config) -> None:
    """Close the connection of this process, if there is one."""
    if LINK in config.stash:
        config.stash[LINK].close()


def link_of(config: pytest.Config) -> SiteLink:
    """Give the connection of this process."""
    if LINK not in config.stash:
        context = config.stash[CONTEXT]
        config.stash[LINK] = SiteLink(HostAddress(context.host, context.host_key))
    return config.stash[LINK]
