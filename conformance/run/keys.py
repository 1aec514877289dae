"""What the plugin and the fixtures of a run keep on pytest's objects."""

from pathlib import Path

import pytest

from drawplate.conformance.cluster.lease import Lease
from drawplate.conformance.run.context import RunContext
from drawplate.conformance.run.site_link import SiteLink

CONTEXT = pytest.StashKey[RunContext]()
"""On the config: the run."""

EVIDENCE = pytest.StashKey[Path]()
"""On a test: the folder for its evidence."""

LINK = pytest.StashKey[SiteLink]()
"""On the config: a worker's way to the sites of the cluster height."""

LEASE = pytest.StashKey[Lease]()
"""On a cluster test: what it may use."""

REFUSAL = "drawplate_refusal"
"""In what a worker hands back at its end: why it refused to begin."""

OUTCOME = pytest.StashKey[str]()
"""On a test: pytest's outcome of its call, for fixtures that clean up after it."""
