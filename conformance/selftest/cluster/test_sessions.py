"""Sessions on a real cluster: they leave nothing, and say why when a driver does not come up."""

from pathlib import Path

import pytest

from drawplate.conformance.cluster.opening import Order, open_site
from drawplate.conformance.cluster.stage import set_stage
from drawplate.conformance.cluster.tidy import tidy
from drawplate.conformance.problems import SetupProblem
from drawplate.conformance.selftest.cluster.ways import profile_of
from drawplate.fixtures.clusters.provider import Cluster
from drawplate.fixtures.kubeapi import KubeApi

pytestmark = [pytest.mark.root, pytest.mark.slow]

KINDS = (
    "Namespace",
    "DeviceClass",
    "ResourceSlice",
    "ResourceClaim",
    "Pod",
    "ClusterRole",
    "ClusterRoleBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)


def belongings(cluster: Cluster) -> dict[str, set[str]]:
    """Give the names of everything that a session could leave on a cluster and its node."""
    api = KubeApi(cluster.kubeconfig)
    found = {kind: {one["metadata"]["name"] for one in api.list(kind)} for kind in KINDS}
    api.close()
    for folder in ("/var/run/cdi", "/etc/cdi", "/var/lib/kubelet/plugins_registry"):
        found[folder] = {path.name for path in cluster.nodes[0].path(folder).iterdir()}
    return found


@pytest.mark.parametrize("way", ["process", "manifests"])
def test_session_leaves_nothing(running_cluster: Cluster, tmp_path: Path, way: str) -> None:
    before = belongings(running_cluster)
    with open_site(Order(profile_of(way), running_cluster, tmp_path, f"left-{way}")) as opened:
        stage = set_stage(opened, "test_left")
        stage.running(stage.claim())
        tidy(stage)
        assert belongings(running_cluster) != before

    assert belongings(running_cluster) == before


def test_driver_that_does_not_come_up_is_a_setup_problem(
    running_cluster: Cluster, tmp_path: Path
) -> None:
    profile = profile_of("process")
    process = profile.deploy.process
    assert process
    ready = process.ready.model_copy(update={"timeout": 3.0})
    broken = process.model_copy(
        update={"argv": ("{python}", "-c", "print('no hardware here')"), "ready": ready}
    )
    deploy = profile.deploy.model_copy(update={"process": broken})
    order = Order(profile.model_copy(update={"deploy": deploy}), running_cluster, tmp_path, "bad")
    before = belongings(running_cluster)

    with pytest.raises(SetupProblem, match="no hardware here"), open_site(order):
        pass

    assert belongings(running_cluster) == before


def test_two_sessions_do_not_share_a_cluster(running_cluster: Cluster, tmp_path: Path) -> None:
    order = Order(profile_of("process"), running_cluster, tmp_path, "twice")

    with (
        open_site(order),
        pytest.raises(SetupProblem, match="another run"),
        open_site(order),
    ):
        pass
