"""Opening sites: the cluster is found, the driver deployed on it, and all of it undone at the end."""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from drawplate.conformance.bench.nodes import NodeFacts
from drawplate.conformance.bench.slice_view import SliceView
from drawplate.conformance.cluster.daemonsets import DaemonSets
from drawplate.conformance.cluster.deployment import Deployment
from drawplate.conformance.cluster.driver import Driver
from drawplate.conformance.cluster.kubelet_view import KubeletView
from drawplate.conformance.cluster.manifest_deployment import ManifestDeployment
from drawplate.conformance.cluster.noderights import KUBECONFIG
from drawplate.conformance.cluster.nodestate import FileState, NodeState
from drawplate.conformance.cluster.objects import OURS
from drawplate.conformance.cluster.process_deployment import ProcessDeployment
from drawplate.conformance.cluster.site import Site
from drawplate.conformance.drivers.applied import AppliedObjects
from drawplate.conformance.drivers.binaries import ensure_binaries
from drawplate.conformance.drivers.hardware import NodeHardware, machine_of
from drawplate.conformance.drivers.identity import grant_access, issue_credentials
from drawplate.conformance.drivers.manifests import DeployedDriver
from drawplate.conformance.drivers.place import Place, StandardFolders
from drawplate.conformance.problems import SetupProblem
from drawplate.conformance.profile.model import Profile
from drawplate.fixtures.clusters import providers
from drawplate.fixtures.clusters.provider import Cluster, Node
from drawplate.fixtures.images.get import ensure_images
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.kubewatch import Selection
from drawplate.fixtures.progress import silent
from drawplate.fixtures.waiting import NotInTime

PROBE = "probe"
NAMESPACE_SECONDS = 60.0
# kubernetes v1.37 cmd/kubeadm and many installers label nodes so.
CONTROL_PLANE = "node-role.kubernetes.io/control-plane"
# No suite needs more nodes, and each costs time and images.
MOST_NODES = 3


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be deployed where; `scratch` is a folder for the driver's log."""

    profile: Profile
    cluster: Cluster
    scratch: Path
    run_id: str
    patience: float = 1.0


def find_cluster(name: str) -> Cluster:
    """Find the running cluster of this name. Raises SetupProblem when it has no node to enter."""
    found = providers.find(name)
    if found is None or not found.nodes:
        raise SetupProblem(
            f"there is no cluster {name!r} with a node",
            where="--cluster",
            cure=f"`drawplate up {name}` makes it",
        )
    return found


@contextmanager
def open_sites(order: Order) -> Iterator[tuple[Site, ...]]:
    """Deploy a driver on a cluster; gives a site for each node that tests can stand on.

    At the end nothing of it is left there. Raises SetupProblem when the driver does not come up,
    or another run is on the cluster.
    """
    cluster = order.cluster
    with ExitStack() as undo:
        _take(cluster, undo)
        api = KubeApi(cluster.kubeconfig)
        undo.callback(api.close)
        undo.callback(_remove_namespaces, api, f"{OURS}={order.run_id}")
        _make_classes(order.profile, api, undo)
        yield _open_all(order, api, undo)


@contextmanager
def open_site(order: Order) -> Iterator[Site]:
    """Deploy a driver as `open_sites` does; gives the site of the first node."""
    with open_sites(order) as sites:
        yield sites[0]


def join_site(
    order: Order, node: Node, deployment: Deployment, right: Mapping[str, FileState]
) -> Site:
    """Give the site of a driver that another process of the run has deployed on `node`.

    `right` is what that process remembers of the CDI folders. The site's `api` is to be closed.
    """
    api = KubeApi(order.cluster.kubeconfig)
    kubelet = KubeletView(api, node)
    driver = _driver(order, deployment, kubelet, _slices(order, node, api))
    return _site(order, node, kubelet, driver, NodeState(node, right))


def _open_all(order: Order, api: KubeApi, undo: ExitStack) -> tuple[Site, ...]:
    nodes = order.cluster.nodes[:MOST_NODES]
    sets = _daemon_sets(order, api)
    sites = [_prepare(order, node, api, sets, undo) for node in nodes]
    if sets:
        undo.callback(sets.remove)
    # Objects start the driver on all nodes at once, so what was there before is noted first.
    for site in sites:
        site.driver.expect_new_instance()
    for site in sites:
        site.driver.deployment.start()
    # Its DaemonSets may be meant for some of the nodes only.
    meant = [site for site in sites if sets is None or sets.pods(site.node.name)]
    for site in meant or sites[:1]:
        site.driver.learn()
        site.state.remember()
    for site in meant:
        # By now it has slices of other nodes too, if they are not for one node alone.
        site.driver.memory.published = site.driver.slices.content()
    return tuple(meant)


def _prepare(
    order: Order, node: Node, api: KubeApi, sets: DaemonSets | None, undo: ExitStack
) -> Site:
    """Give the site of a driver that is not started yet."""
    # A probe's image that the user names is one that the nodes pull.
    if not order.cluster.spec.probe_image:
        node.load_image(ensure_images([PROBE], silent())[PROBE])
    kubelet = KubeletView(api, node)
    slices = _slices(order, node, api)
    undo.callback(slices.wipe)
    untouched = NodeState(node)
    untouched.remember()
    undo.callback(untouched.clear)
    deployment = _deployment(order, node, api, sets, undo)
    undo.callback(deployment.remove)
    driver = _driver(order, deployment, kubelet, slices)
    return _site(order, node, kubelet, driver, NodeState(node))


def _site(order: Order, node: Node, kubelet: KubeletView, driver: Driver, state: NodeState) -> Site:
    return Site(
        api=kubelet.api,
        cluster=order.cluster,
        node=node,
        profile=order.profile,
        driver=driver,
        kubelet=kubelet,
        state=state,
        run_id=order.run_id,
        patience=order.patience,
        sync=kubelet.sync_seconds(),
        control_plane=CONTROL_PLANE in driver.slices.node.labels,
    )


def _labels(api: KubeApi, node: Node) -> Mapping[str, str]:
    found: Mapping[str, str] = api.get("Node", node.name)["metadata"].get("labels", {})
    return found


def _slices(order: Order, node: Node, api: KubeApi) -> SliceView:
    facts = NodeFacts(node.name, _labels(api, node))
    return SliceView(api, order.profile.driver.name, facts, _budget(order))


def _driver(
    order: Order, deployment: Deployment, kubelet: KubeletView, slices: SliceView
) -> Driver:
    return Driver(order.profile, deployment, kubelet, slices, _budget(order))


def _budget(order: Order) -> float:
    return _ready_seconds(order.profile) * order.patience


def _take(cluster: Cluster, undo: ExitStack) -> None:
    """Keep other runs off the cluster: two drivers of one name on a node are no driver's fault."""
    held = undo.enter_context(cluster.kubeconfig.open("rb"))
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise SetupProblem(
            f"another run tests on the cluster {cluster.name!r}",
            where="--cluster",
            cure="wait for it, or use another cluster",
        ) from error


def _make_classes(profile: Profile, api: KubeApi, undo: ExitStack) -> None:
    classes = AppliedObjects(api)
    undo.callback(classes.remove)
    for entry in profile.classes:
        if api.find("DeviceClass", entry.name) is None:
            head = {"apiVersion": "resource.k8s.io/v1", "kind": "DeviceClass"}
            classes.apply([head | {"metadata": {"name": entry.name}, "spec": entry.spec}])


def _daemon_sets(order: Order, api: KubeApi) -> DaemonSets | None:
    profile = order.profile
    if profile.deploy.manifests is None:
        return None
    budget = profile.deploy.manifests.timeout * order.patience
    manifests = profile.deploy.manifests.model_copy(update={"timeout": budget})
    deploy = profile.deploy.model_copy(update={"manifests": manifests})
    stretched = profile.model_copy(update={"deploy": deploy})
    return DaemonSets(DeployedDriver(stretched, order.cluster, api), manifests, api, silent())


def _deployment(
    order: Order, node: Node, api: KubeApi, sets: DaemonSets | None, undo: ExitStack
) -> Deployment:
    profile = order.profile
    hardware = _hardware(order, node)
    if sets:
        deployed = DeployedDriver(profile, order.cluster, api, hardware, node)
        return ManifestDeployment(deployed, sets, api)
    if "paths" not in node.abilities:
        raise SetupProblem(
            f"a process cannot be started on node {node.name}, which is not ours",
            where=f"{profile.source} (deploy.process)",
            cure="give the profile deploy.manifests",
        )
    place = Place.on(
        StandardFolders(),
        kubeconfig=Path(KUBECONFIG),
        node_name=node.name,
        binaries=ensure_binaries(profile, silent()),
    )
    granted = grant_access(profile, api, place.values(profile.driver.name))
    for made in granted.owned:
        if made.kind.endswith("/Namespace"):
            undo.callback(_await_gone, api, Selection(fields=f"metadata.name={made.name}"))
    undo.callback(granted.remove)
    credentials = node.path(KUBECONFIG)
    undo.callback(credentials.unlink, missing_ok=True)
    issue_credentials(profile, api, node.name, credentials)
    return ProcessDeployment(
        profile, place, node, order.scratch / f"driver-{node.name}.log", hardware
    )


def _hardware(order: Order, node: Node) -> NodeHardware | None:
    cluster = order.cluster
    # What nodes of somebody else have, they have: real devices, or what emulates them there.
    if machine_of(order.profile) is None or "paths" not in node.abilities:
        return None
    found = NodeHardware(node, StandardFolders().hardware)
    if not found.there:
        raise SetupProblem(
            f"the cluster {cluster.name!r} has no emulated hardware, which the driver needs",
            where=f"{order.profile.source} (hardware.machine)",
            cure=f"make one with `drawplate up NAME --machine {order.profile.hardware.machine}`",
        )
    return found


def _remove_namespaces(api: KubeApi, labels: str) -> None:
    """Delete what tests could not delete themselves, and wait until all of them are gone."""
    for left in api.list("Namespace", labels=labels):
        api.delete("Namespace", left["metadata"]["name"])
    _await_gone(api, Selection(labels=labels))


def _await_gone(api: KubeApi, namespaces: Selection) -> None:
    """Wait until the controller has emptied deleted namespaces: the next run needs their names."""
    with suppress(NotInTime):
        api.wait("Namespace", lambda left: not left, NAMESPACE_SECONDS, namespaces)


def _ready_seconds(profile: Profile) -> float:
    process = profile.deploy.process
    return process.ready.timeout if process and not profile.deploy.manifests else 60.0
