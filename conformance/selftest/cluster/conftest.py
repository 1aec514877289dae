"""A local cluster for the tests that deploy drivers on one."""

import os
from collections.abc import Iterator

import pytest

from drawplate.fixtures.clusters.local import lifecycle
from drawplate.fixtures.clusters.provider import Cluster, ClusterSpec
from drawplate.fixtures.progress import silent


@pytest.fixture(scope="session")
def running_cluster() -> Iterator[Cluster]:
    spec = ClusterSpec(name=f"stage-{os.getpid()}", machine="dgx-h100")
    found = lifecycle.up(spec, silent(), owner_pid=os.getpid())
    yield found
    found.down()
