"""Objects on a real API server: who owns what, and whose rights a kubeconfig carries."""

import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from drawplate.conformance.drivers.applied import AppliedObjects
from drawplate.conformance.drivers.identity import access_objects, issue_credentials
from drawplate.conformance.drivers.rollout import is_ready, is_rolled_out
from drawplate.conformance.profile.load import load
from drawplate.conformance.selftest.drivers.conftest import MakeProfile
from drawplate.emulators.problems import SetupProblem
from drawplate.fixtures.clusters.existing.kubeconfig import choose
from drawplate.fixtures.kubeapi import KubeApi

slow = pytest.mark.slow


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": "default"},
        "data": data,
    }


@slow
def test_only_what_was_not_there_before_is_removed(api: KubeApi) -> None:
    api.create(config_map("before"))
    applied = AppliedObjects(api)

    applied.apply([config_map("before", a="1"), config_map("mine")])
    applied.remove()

    assert api.get("ConfigMap", "before", "default")["data"] == {"a": "1"}
    assert api.find("ConfigMap", "mine", "default") is None


@slow
def test_on_somebody_elses_cluster_only_what_is_ours_is_changed(
    api: KubeApi, tmp_path: Path
) -> None:
    labels = {"drawplate.dev/cluster": "ours-1"}
    choose(str(api.kubeconfig)).write(tmp_path / "config", labels)
    ours = KubeApi(tmp_path / "config")
    api.create(config_map("theirs"))
    theirs = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}}
    applied = AppliedObjects(ours)

    # A second time it is there, and ours.
    for value in ("1", "2"):
        applied.apply([theirs, config_map("made", a=value)])
    with pytest.raises(SetupProblem, match="not ours to change"):
        applied.apply([config_map("theirs", a="1")])

    made = api.get("ConfigMap", "made", "default")
    assert made["metadata"]["labels"] == labels
    assert made["data"] == {"a": "2"}
    assert "data" not in api.get("ConfigMap", "theirs", "default")
    assert not labels.items() <= api.get("Namespace", "default")["metadata"]["labels"].items()
    applied.remove()
    assert api.find("ConfigMap", "made", "default") is None
    assert api.find("ConfigMap", "theirs", "default")
    ours.close()


@slow
def test_successor_of_the_same_name_is_not_removed(api: KubeApi) -> None:
    applied = AppliedObjects(api)
    applied.apply([config_map("replaced")])
    api.delete("ConfigMap", "replaced", "default")
    api.create(config_map("replaced", of="somebody else"))

    applied.remove()

    assert api.find("ConfigMap", "replaced", "default")


@slow
@pytest.mark.parametrize(
    "wrong",
    [
        {"apiVersion": "v1", "kind": "NoSuchKind", "metadata": {"name": "a"}},
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "Not_A_Name"}},
    ],
)
def test_object_that_the_server_refuses_is_one_clear_problem(
    api: KubeApi, wrong: dict[str, Any]
) -> None:
    wrong["metadata"]["namespace"] = "default"

    with pytest.raises(SetupProblem, match="does not take"):
        AppliedObjects(api).apply([wrong])


@slow
def test_without_an_identity_the_driver_is_administrator(
    api: KubeApi, profile_of: MakeProfile, tmp_path: Path
) -> None:
    profile = profile_of({"argv": ["true"]})

    credentials = issue_credentials(profile, api, "any", tmp_path / "kubeconfig")

    assert credentials.account == ""
    assert KubeApi(credentials.kubeconfig).list("Namespace")


@slow
def test_credentials_are_private_and_name_the_given_server(
    api: KubeApi, profile_of: MakeProfile, tmp_path: Path
) -> None:
    credentials = issue_credentials(
        profile_of({"argv": ["true"]}),
        api,
        "any",
        tmp_path / "deep" / "kubeconfig",
        server="https://127.0.0.1:1",
    )

    assert stat.S_IMODE(credentials.kubeconfig.stat().st_mode) == 0o600
    assert KubeApi(credentials.kubeconfig).server == "https://127.0.0.1:1"


@slow
def test_account_that_is_not_there_is_one_clear_problem(api: KubeApi, tmp_path: Path) -> None:
    profile = load("upstream-test-driver")
    api.apply({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "lonely"}})
    # Another test may have granted these rights.
    api.delete("ServiceAccount", "dra-test-driver", "dra-test-driver")

    with pytest.raises(SetupProblem, match="no token for the driver's account"):
        issue_credentials(profile, api, "lonely", tmp_path / "kubeconfig")


def test_access_is_all_that_is_taken_of_the_reference_objects(tmp_path: Path) -> None:
    values = {"python": sys.executable, "hardwareRoot": "/hw", "sysfs": "/sys", "devfs": "/dev"}

    kinds = [entry["kind"] for entry in access_objects(load("reference"), values)]

    assert {"ServiceAccount", "ClusterRole", "ValidatingAdmissionPolicy"} <= set(kinds)
    assert not {"DaemonSet", "DeviceClass"} & set(kinds)


def daemon_set(*, wanted: int = 2, updated: int = 2, available: int = 2, seen: int = 3) -> Any:
    return {
        "kind": "DaemonSet",
        "metadata": {"generation": 3},
        "status": {
            "observedGeneration": seen,
            "desiredNumberScheduled": wanted,
            "updatedNumberScheduled": updated,
            "numberAvailable": available,
        },
    }


def test_daemon_set_is_rolled_out_when_every_node_has_the_new_pod() -> None:
    assert is_rolled_out(daemon_set())
    assert not is_rolled_out(None)
    assert not is_rolled_out(daemon_set(seen=2))
    assert not is_rolled_out(daemon_set(updated=1))
    assert not is_rolled_out(daemon_set(available=1))
    assert not is_rolled_out(daemon_set(wanted=0, updated=0, available=0))


def test_deployment_is_rolled_out_when_every_replica_is_new_and_available() -> None:
    def deployment(updated: int, available: int) -> Any:
        status = {"updatedReplicas": updated, "availableReplicas": available}
        return {"kind": "Deployment", "metadata": {}, "spec": {"replicas": 2}, "status": status}

    assert is_rolled_out(deployment(2, 2))
    assert not is_rolled_out(deployment(2, 1))
    assert not is_rolled_out(deployment(1, 2))


def test_pod_is_ready_by_its_condition() -> None:
    def pod(status: str) -> Any:
        return {"status": {"conditions": [{"type": "Ready", "status": status}]}}

    assert is_ready(pod("True"))
    assert not is_ready(pod("False"))
    assert not is_ready({})
