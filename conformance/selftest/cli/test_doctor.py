"""`drawplate doctor` and `certify --dry-run`, as users call them."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from drawplate.conformance.cli.main import main
from drawplate.fixtures.clusters.local import lifecycle
from drawplate.fixtures.clusters.provider import ClusterSpec
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.progress import silent


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    """Start a real API server with one node that counts as ready."""
    spec = ClusterSpec(name=f"doctor-{os.getpid()}", bench=True)
    cluster = lifecycle.up(spec, silent(), owner_pid=os.getpid())
    api = KubeApi(cluster.kubeconfig)
    api.create({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "only"}})
    ready = [{"type": "Ready", "status": "True"}]
    runtime = {"containerRuntimeVersion": "containerd://2.4.2"}
    api.patch_status("Node", "only", {"conditions": ready, "nodeInfo": runtime})
    api.patch("Node", "only", {"spec": {"taints": None}})
    api.close()
    yield cluster.kubeconfig
    cluster.down()


@pytest.mark.slow
def test_table_of_a_cluster(server: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--kubeconfig", str(server), "--profile", "reference"])

    told = capsys.readouterr().out
    assert code == 0, told
    assert "ok    nodes            1 can be used: only" in told
    assert "ok    object           ClusterRole gpu.drawplate.dev would be taken" in told
    assert "FAIL" not in told


@pytest.mark.slow
def test_what_is_missing_shows_in_the_exit_code(
    server: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    argv = ["doctor", "--kubeconfig", str(server), "--node-selector", "no=such", "--json"]

    assert main(argv) == 3

    told = json.loads(capsys.readouterr().out)
    rows = {row["title"]: row for row in told["sections"]["the cluster"]}
    assert told["missing"] is True
    assert rows["nodes"]["state"] == "fail"
    assert "--node-selector" in rows["nodes"]["cure"]
    assert rows["API server"]["state"] == "ok"


@pytest.mark.slow
def test_object_of_the_driver_that_is_there_already_is_missing_nothing_but_room(
    server: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api = KubeApi(server)
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole"}
    api.create(role | {"metadata": {"name": "gpu.drawplate.dev"}, "rules": []})

    code = main(["doctor", "--kubeconfig", str(server), "--profile", "reference"])

    api.delete("ClusterRole", "gpu.drawplate.dev")
    assert code == 3
    assert "ClusterRole gpu.drawplate.dev is there already" in capsys.readouterr().out


def test_kubeconfig_that_is_missing_is_one_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--kubeconfig", "/no/such/file"]) == 3

    told = capsys.readouterr().out
    assert "FAIL  kubeconfig" in told
    assert "cure: name the file" in told


def test_without_a_cluster_it_says_what_can_run_here(
    capsys: pytest.CaptureFixture[str], scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(scratch))

    code = main(["doctor", "--json"])

    told = json.loads(capsys.readouterr().out)
    assert code == 0, told
    assert list(told["sections"]) == [
        "bench height: etcd and API server, no root",
        "cluster height: provider local",
        "cluster height: provider kind",
    ]


@pytest.mark.slow
def test_dry_run_lists_and_creates_nothing(
    server: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    api = KubeApi(server)
    before = [one["metadata"]["uid"] for one in api.list("Namespace")]
    argv = ["certify", "reference", "--provider", "existing", "--kubeconfig", str(server)]

    code = main([*argv, "--dry-run", "--node-access"])

    told = capsys.readouterr().out
    assert code == 0
    for title in (
        "Pod drawplate-agent-…/node-agent-…",
        "DaemonSet drawplate-driver/gpu-drawplate-dev",
        "ClusterRole gpu.drawplate.dev",
        "ResourceClaim drawplate-…/…",
        "pods of tests run on: only",
    ):
        assert title in told
    assert [one["metadata"]["uid"] for one in api.list("Namespace")] == before
    assert api.find("DeviceClass", "gpu.drawplate.dev") is None


def test_dry_run_elsewhere_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["certify", "reference", "--dry-run"]) == 3
    assert "--dry-run" in capsys.readouterr().err
