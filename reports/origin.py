"""What was tested, with what, on what, and how to do it again."""

from collections.abc import Mapping
from typing import Literal

from pydantic import AwareDatetime, Field

from drawplate.conformance.catalogue import Height
from drawplate.reports.fields import Count, Line, Record, Text

RunState = Literal["running", "finished", "interrupted"]


class Driver(Record):
    """The driver under test."""

    name: Line
    """The DRA driver name, as in `spec.driver` of its slices."""
    profile: Line
    """The name of the profile that describes it."""
    profile_digest: Text = ""
    """`sha256:` and the digest of the profile's file."""
    vendor: Text = ""
    version: Text = ""
    images: tuple[Text, ...] = ()
    """Container images by digest, when it ran from images."""
    services: tuple[Text, ...] = ()
    """The gRPC services that it announced, in its order."""


class Suite(Record):
    """The suite that judged."""

    version: Line
    digest: Text = ""
    """`sha256:` and the digest over the installed package's files."""
    catalogue_digest: Text = ""
    """`sha256:` and the digest over the catalogue of requirements."""
    python: Text = ""
    plugins: tuple[Text, ...] = ()
    """The pytest plugins that were loaded: any of them could have changed a verdict."""


class Cluster(Record):
    """The Kubernetes that one height stood on."""

    height: Height
    provider: Line
    kubernetes: Line
    """Version without the leading v."""
    gates: Text = "default"
    """Name of the set of feature gates."""
    feature_gates: Mapping[str, bool] = Field(default_factory=dict)
    """Gates that were set one by one."""
    nodes: Count = 0
    """Number of nodes; 0 at the bench, where the suite itself is the node."""
    cgroup: Literal["", "v1", "v2"] = ""
    kernel: Text = ""
    components: Mapping[str, Text] = Field(default_factory=dict)
    """Name of each component and its version."""


class Run(Record):
    """The run itself: everything that is needed to repeat it."""

    command: Line
    """One command line, quoted for a POSIX shell, that repeats the run."""
    started: AwareDatetime
    ended: AwareDatetime | None = None
    """Absent while the run is under way, and after it was killed."""
    state: RunState = "running"
    """`running` in a file at rest means that the run was killed."""
    seed: int = 0
    workers: Count = 1
    patience: float = Field(default=1.0, ge=1, allow_inf_nan=False)
    """The measured factor by which waiting without a specified limit was stretched."""
    selection: tuple[Text, ...] = ()
    """The requirements that were asked for; empty when the run was not narrowed."""

    @property
    def seconds(self) -> float | None:
        """Give how long the run took, if it ended."""
        return (self.ended - self.started).total_seconds() if self.ended else None
