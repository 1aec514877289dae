"""What a driver can do, and what it promises where the API leaves it the choice."""

from typing import Literal

from drawplate.conformance.profile.section import Seconds, Section, Text


class Capabilities(Section):
    """Each one true (checked), false (checked to be absent), or left out (probed and reported)."""

    dra_versions: tuple[Literal["v1", "v1beta1"], ...] | None = None
    """Versions of the DRAPlugin service, as listed at registration."""
    health: tuple[Literal["v1", "v1alpha1"], ...] | None = None
    """Versions of the DRAResourceHealth service; an empty list says that it has none."""
    admin_access: bool | None = None
    """Serves claims with adminAccess beside the device's user."""
    consumable: bool | None = None
    """Publishes devices that several claims share by capacity."""
    partitionable: bool | None = None
    """Publishes partitions that draw on shared counters."""
    taints: bool | None = None
    """Taints devices that are not fit for use."""
    binding_conditions: bool | None = None
    """Publishes devices with binding conditions."""
    device_status: bool | None = None
    """Writes status.devices of claims."""
    extended_resource: bool | None = None
    """Has a class that stands for an extended resource."""
    overlap_check: bool | None = None
    """Refuses to prepare a device that is still prepared for another claim."""
    config: bool | None = None
    """Takes opaque configuration."""
    metadata: bool | None = None
    """Writes device metadata files into containers."""
    shared_by_containers: bool | None = None
    """Lets several containers of a pod use one claim."""
    shared_by_pods: bool | None = None
    """Lets several pods use one claim."""
    shared_by_nodes: bool | None = None
    """Lets pods on several nodes use one claim at a time, of network-attached devices."""
    rebuilds_cdi: bool | None = None
    """Writes its CDI files anew when they are gone and Prepare is called again."""
    hotplug: bool | None = None
    """Notices devices that come and go while it runs."""
    metrics: bool | None = None
    """Serves metrics; the address is deploy.process.endpoints.metrics."""
    liveness: bool | None = None
    """Serves a liveness check; the address is deploy.process.endpoints.liveness."""
    rolling_update: bool | None = None
    """Two instances may run at once, told apart by {instance}."""
    network_attached: bool | None = None
    """Publishes devices that can be used from several nodes."""
    admission_policy: bool | None = None
    """Its manifests limit each instance to the slices of its own node."""


class Survives(Section):
    """What prepared claims outlive."""

    restart: bool | None = None
    """Whether a new process knows what an older one prepared."""
    reboot: Literal["clear", "keep", "rebuild"] | None = None
    """What becomes of prepared claims when the machine has restarted."""


class StateFile(Section):
    """A file in which the driver remembers what it prepared."""

    path: Text
    """Where it is; placeholders are replaced."""
    when: Literal["always", "prepared"] = "always"
    """Whether it is always there or only while something is prepared."""
    format: Literal["json", "opaque"] = "opaque"
    """What a suite may do with it beyond cutting, emptying and removing it."""


class Damage(Section):
    """What the driver does at its start when a state file is damaged."""

    empty: Literal["start", "refuse"] | None = None
    """The file is empty."""
    garbage: Literal["start", "refuse"] | None = None
    """The file holds something else."""


class State(Section):
    """What the driver remembers."""

    files: tuple[StateFile, ...] = ()
    """Its files."""
    survives: Survives = Survives()
    """What prepared claims outlive, and in which shape."""
    on_damage: Damage = Damage()
    """What happens when a file is damaged."""


class Limits(Section):
    """Bounds that the driver states for itself."""

    prepare: Seconds = 45.0
    """Longest preparation of one claim; the kubelet gives 45s to a call."""
    unprepare: Seconds = 45.0
    """Longest release of one claim; the kubelet gives 45s to a call."""


class Policies(Section):
    """Choices that the API leaves to the driver; it is held to what is declared here."""

    second_pod: Literal["share", "refuse"] | None = None
    """What happens when a second pod uses a prepared claim."""
    device_order: Literal["stable", "any"] | None = None
    """Whether slices list the devices in the same order after a restart."""
