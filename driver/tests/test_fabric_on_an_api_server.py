"""The controller against a real API server, with the rights that its manifests give it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
import yaml

from drawplate.driver.api import ApiError
from drawplate.driver.deploy.manifests import manifests
from drawplate.driver.kube import KubeApi as DriverApi
from drawplate.driver.kubeconfig import load
from drawplate.driver.slices import PATH
from drawplate.driver.tests.inventories import pool, write
from drawplate.fixtures.clusters.local import lifecycle
from drawplate.fixtures.clusters.provider import ClusterSpec
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.progress import silent

pytestmark = pytest.mark.slow

DRIVER = "fabric.drawplate.dev"
NAMESPACE = "drawplate-driver"


@pytest.fixture(scope="module")
def admin() -> Iterator[KubeApi]:
    """Start a real API server with the driver's objects; give its administrator."""
    spec = ClusterSpec(name=f"fabric-{os.getpid()}", bench=True)
    cluster = lifecycle.up(spec, silent(), owner_pid=os.getpid())
    api = KubeApi(cluster.kubeconfig)
    for one in manifests(image="none", family="fabric"):
        api.create(one)
    yield api
    api.close()
    cluster.down()


@pytest.fixture
def kubeconfig(admin: KubeApi, tmp_path: Path) -> Path:
    """Give a kubeconfig with the rights of the controller."""
    request = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    account = f"{DRIVER.replace('.', '-')}-controller"
    answer = admin.post("ServiceAccount", account, "token", request, NAMESPACE)
    config = yaml.safe_load(admin.kubeconfig.read_text())
    for user in config["users"]:
        user["user"] = {"token": answer["status"]["token"]}
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    return path


def published(admin: KubeApi) -> dict[str, dict[str, Any]]:
    """Give the specs of the driver's slices by the name of the pool."""
    found = [one["spec"] for one in admin.list("ResourceSlice")]
    return {spec["pool"]["name"]: spec for spec in found if spec["driver"] == DRIVER}


def test_pools_are_published_changed_and_withdrawn(
    admin: KubeApi, kubeconfig: Path, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    labels = {"nodeLabels": {"kubernetes.io/os": "linux"}}
    path = write(tmp_path, pool("everywhere", 1), pool("a/linux", 2, **labels))
    arguments = ["--role=controller", "--family=fabric", f"--inventory={path}"]
    arguments += [f"--namespace={NAMESPACE}", f"--kubeconfig={kubeconfig}"]
    process = subprocess.Popen([sys.executable, "-m", "drawplate.driver.main", *arguments])
    try:
        wait_for(lambda: published(admin).keys() == {"everywhere", "a/linux"})
        first = published(admin)
        write(tmp_path, pool("a/linux", 2))
        wait_for(lambda: published(admin).keys() == {"a/linux"})
        wait_for(lambda: "allNodes" in published(admin)["a/linux"])
        (owner,) = admin.list("ResourceSlice")[0]["metadata"]["ownerReferences"]
        before = admin.list("ResourceSlice")
    finally:
        process.terminate()
        assert process.wait(20) == 0

    assert first["everywhere"]["allNodes"] is True
    assert "nodeSelector" in first["a/linux"]
    assert (owner["kind"], owner["name"]) == ("Namespace", NAMESPACE)
    # What the server stores is what was sent, so nothing is written over and over.
    assert [one["metadata"]["generation"] for one in before] == [2]
    assert admin.list("ResourceSlice") == before


@pytest.mark.parametrize(
    ("spec", "forbidden"),
    [
        ({"allNodes": True}, False),
        ({"nodeName": "node-a"}, True),
        ({"allNodes": True, "driver": "other.example.com"}, True),
    ],
)
def test_the_controller_may_only_write_slices_of_no_node(
    admin: KubeApi,
    kubeconfig: Path,
    wait_for: Callable[..., None],
    spec: dict[str, Any],
    *,
    forbidden: bool,
) -> None:
    name = "tried"
    body = {
        "apiVersion": "resource.k8s.io/v1",
        "kind": "ResourceSlice",
        "metadata": {"name": name},
        "spec": {
            "driver": DRIVER,
            "pool": {"name": "p", "generation": 1, "resourceSliceCount": 1},
            **spec,
        },
    }
    controller = DriverApi(load(kubeconfig))
    # A policy is in force a little after it was made.
    tried = f"{PATH}?dryRun=All"
    wait_for(lambda: _refused(lambda: controller.create(tried, body)) == forbidden)
    admin.create(body)
    assert _refused(lambda: controller.delete(f"{PATH}/{name}", {})) == forbidden
    admin.delete("ResourceSlice", name)


def _refused(request: Callable[[], object]) -> bool:
    try:
        request()
    except ApiError as error:
        if error.status == HTTPStatus.FORBIDDEN:
            return True
        raise
    return False
