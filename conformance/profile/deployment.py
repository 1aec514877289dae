"""How a driver is run: as a process that we start, or by manifests on a cluster."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from drawplate.conformance.profile.section import Argv, Seconds, Section, Text, require_one

AbsolutePath = Annotated[str, StringConstraints(pattern=r"^(/[^/]+)+$")]
Workload = Annotated[
    str, StringConstraints(pattern=r"^(DaemonSet|Deployment|StatefulSet)/[a-z0-9][a-z0-9.-]*$")
]
Role = Literal[
    "kubeletRoot",
    "registryDir",
    "pluginsDir",
    "pluginDir",
    "cdiDir",
    "stateDir",
    "hardwareRoot",
    "sysfs",
    "devfs",
    "scratch",
]


class RenderedFile(Section):
    """A file that is written before the driver starts."""

    path: Text
    """Where it goes; placeholders are replaced; it must lie in {stateDir}."""
    content: str
    """What it holds; placeholders are replaced."""


class Ready(Section):
    """When the driver counts as started."""

    timeout: Seconds = 30.0
    """Within what time it registers and publishes, for example 30s."""
    slices: int = Field(default=1, ge=0)
    """How many ResourceSlices it publishes at least."""


class Stop(Section):
    """How the driver is told to end."""

    signal: Literal["TERM", "INT", "QUIT", "HUP"] = "TERM"
    """The signal that asks it to."""
    grace: Seconds = 10.0
    """How long it may take before it is killed."""


class ServiceAccount(Section):
    """The account whose rights the driver has."""

    namespace: Text
    """Its namespace."""
    name: Text
    """Its name."""


class Source(Section):
    """Where Kubernetes objects come from: files beside the profile, or a command's output."""

    files: tuple[Text, ...] = ()
    """YAML files with the objects, relative to the profile."""
    command: Argv = ()
    """A command that prints the objects as YAML; placeholders {python}, {component:NAME} and the
    node's folders."""

    @model_validator(mode="after")
    def _one_source(self) -> "Source":
        require_one(self, "files", "command")
        return self


class Identity(Source):
    """The rights that the driver gets; of the objects, only those that grant or limit access."""

    service_account: ServiceAccount
    """The account of the objects that the driver runs as."""


class Process(Section):
    """The driver as a process that Drawplate starts, stops and kills."""

    argv: Argv = Field(min_length=1)
    """The command and its arguments; no shell; placeholders are replaced."""
    env: dict[str, str] = Field(default_factory=dict)
    """Environment variables beside PATH, HOME, LANG and TMPDIR; placeholders are replaced."""
    needs: tuple[Text, ...] = ()
    """Components of our own cache that {component:NAME} takes binaries from."""
    folders: tuple[Text, ...] = ()
    """Folders that must exist before the start."""
    files: tuple[RenderedFile, ...] = ()
    """Files that must exist before the start."""
    mounts: dict[AbsolutePath, Role] = Field(default_factory=dict)
    """Fixed paths of the driver, each with what replaces it in a private mount namespace."""
    endpoints: dict[Text, Text] = Field(default_factory=dict)
    """Addresses that the driver serves: metrics, liveness; placeholders are replaced."""
    ready: Ready = Ready()
    """When it counts as started."""
    stop: Stop = Stop()
    """How it is told to end."""
    identity: Identity | None = None
    """Its rights; without them it runs as administrator, and the report says so."""


class Manifests(Source):
    """The driver as objects of a cluster."""

    namespace: Text
    """Where its pods run: they are found there for logs."""
    images: tuple[Text, ...] = ()
    """What to load into each node: names of our own images, or image archives beside the profile."""
    rollout: tuple[Workload, ...] = Field(min_length=1)
    """Workloads to wait for, each as Kind/name: DaemonSet/my-driver."""
    timeout: Seconds = 120.0
    """Within what time they are ready."""


class Deploy(Section):
    """How the driver is run; with neither way it must be running already."""

    process: Process | None = None
    """As a process: always at the bench, in the cluster when there are no manifests."""
    manifests: Manifests | None = None
    """By objects of a cluster."""
