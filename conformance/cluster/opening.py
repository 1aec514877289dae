"""Opening a site: the cluster is found, the driver deployed on it, and all of it undone at the end."""

import fcntl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from drawplate.conformance.bench.slice_view import SliceView
from drawplate.conformance.cluster.deployment import Deployment
from drawplate.conformance.cluster.driver import Driver
from drawplate.conformance.cluster.kubelet_view import KubeletView
from drawplate.conformance.cluster.manifest_deployment import ManifestDeployment
from drawplate.conformance.cluster.nodestate import NodeState
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
from drawplate.fixtures.clusters.local import lifecycle
from drawplate.fixtures.clusters.provider import Cluster
from drawplate.fixtures.images.get import ensure_images
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.kubewatch import Selection
from drawplate.fixtures.progress import silent
from drawplate.fixtures.waiting import NotInTime

PROBE = "probe"
# Where the driver finds its credentials, as the node sees it.
KUBECONFIG = "/var/lib/drawplate/kubeconfig"
NAMESPACE_SECONDS = 60.0


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
    found = lifecycle.find(name)
    if found is None or not found.nodes:
        raise SetupProblem(
            f"there is no cluster {name!r} with a node",
            where="--cluster",
            cure=f"`drawplate up {name}` makes it",
        )
    return found


@contextmanager
def open_site(order: Order) -> Iterator[Site]:
    """Deploy a driver on a cluster; at the end nothing of it is left there.

    Raises SetupProblem when the driver does not come up, or another run is on the cluster.
    """
    cluster, node = order.cluster, order.cluster.nodes[0]
    with ExitStack() as undo:
        _take(cluster, undo)
        api = KubeApi(cluster.kubeconfig)
        undo.callback(api.close)
        undo.callback(_remove_namespaces, api, f"{OURS}={order.run_id}")
        node.load_image(ensure_images([PROBE], silent())[PROBE])
        kubelet = KubeletView(api, node)
        driver = _deploy(order, api, kubelet, undo)
        state = NodeState(node)
        state.remember()
        yield Site(
            api=api,
            cluster=cluster,
            node=node,
            profile=order.profile,
            driver=driver,
            kubelet=kubelet,
            state=state,
            run_id=order.run_id,
            patience=order.patience,
            sync=kubelet.sync_seconds(),
        )


def _deploy(order: Order, api: KubeApi, kubelet: KubeletView, undo: ExitStack) -> Driver:
    profile, node = order.profile, order.cluster.nodes[0]
    _make_classes(profile, api, undo)
    budget = _ready_seconds(profile) * order.patience
    slices = SliceView(api, profile.driver.name, node.name, budget)
    undo.callback(slices.wipe)
    untouched = NodeState(node)
    untouched.remember()
    undo.callback(untouched.clear)
    deployment = _deployment(order, api, undo)
    undo.callback(deployment.remove)
    driver = Driver(profile, deployment, kubelet, slices, budget)
    driver.deploy()
    return driver


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


def _deployment(order: Order, api: KubeApi, undo: ExitStack) -> Deployment:
    profile, node = order.profile, order.cluster.nodes[0]
    hardware = _hardware(order)
    if profile.deploy.manifests:
        deployed = DeployedDriver(profile, order.cluster, api, hardware)
        return ManifestDeployment(deployed, profile.deploy.manifests, api, silent())
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
    return ProcessDeployment(profile, place, node, order.scratch / "driver.log", hardware)


def _hardware(order: Order) -> NodeHardware | None:
    if machine_of(order.profile) is None:
        return None
    cluster = order.cluster
    found = NodeHardware(cluster.nodes[0], StandardFolders().hardware)
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
