"""What cluster tests on one node share."""

from dataclasses import dataclass, field

from drawplate.conformance.cluster.driver import Driver
from drawplate.conformance.cluster.kubelet_view import KubeletView
from drawplate.conformance.cluster.lease import Lease
from drawplate.conformance.cluster.nodestate import NodeState
from drawplate.conformance.profile.model import Profile
from drawplate.fixtures.clusters.provider import Cluster, Node
from drawplate.fixtures.kubeapi import KubeApi


@dataclass(frozen=True, slots=True)
class Site:
    """The cluster, one node of it, and the driver that is deployed there.

    `patience` and `sync` are as in Surroundings; `lease` is that of the test that stands here.
    `control_plane` says that the cluster's own components are on the node: with it all stand still.
    """

    api: KubeApi
    cluster: Cluster
    node: Node
    profile: Profile
    driver: Driver
    kubelet: KubeletView
    state: NodeState
    run_id: str
    patience: float
    sync: float
    control_plane: bool = False
    lease: Lease = field(default_factory=Lease)
