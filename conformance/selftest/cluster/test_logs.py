"""Logs of components: only what a test caused is its evidence."""

from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from drawplate.conformance.cluster.evidence import ComponentLogs, write_companions

if TYPE_CHECKING:
    from drawplate.conformance.cluster.site import Site
    from drawplate.fixtures.clusters.provider import Cluster


class LoggingCluster:
    def __init__(self) -> None:
        self.logs: dict[str, str] = {}

    def collect_logs(self, folder: Path) -> None:
        for name, text in self.logs.items():
            (folder / name).write_text(text)


def test_only_what_came_after_the_mark_is_written(tmp_path: Path) -> None:
    cluster = LoggingCluster()
    cluster.logs = {"kubelet.log": "before\n", "quiet.log": "same\n"}
    logs = ComponentLogs(cast("Cluster", cluster))
    logs.mark()
    cluster.logs |= {"kubelet.log": "before\nafter\n", "new.log": "all\n"}

    logs.write(tmp_path)

    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "kubelet.log": "after\n",
        "new.log": "all\n",
    }


class PodServer:
    """An API server with pods, each of which has written its name."""

    def __init__(self, *pods: dict[str, Any]) -> None:
        self.pods = pods

    def list(self, _kind: str, _namespace: str) -> Any:
        return self.pods

    def request(self, _verb: str, path: str, **_: Any) -> dict[str, str]:
        return {"message": f"I am {path.split('/')[-2]}"}


def pod(name: str, owner: str) -> dict[str, Any]:
    owners = [{"kind": owner, "name": "driver"}]
    return {
        "metadata": {"name": name, "namespace": "ns", "ownerReferences": owners},
        "spec": {"containers": [{"name": "main"}]},
    }


def test_pods_of_the_driver_beside_those_on_each_node_are_evidence_too(tmp_path: Path) -> None:
    profile = SimpleNamespace(deploy=SimpleNamespace(manifests=SimpleNamespace(namespace="ns")))
    server = PodServer(pod("controller", "ReplicaSet"), pod("plugin", "DaemonSet"))
    site = cast("Site", SimpleNamespace(profile=profile, api=server))

    write_companions(site, tmp_path / "pods")

    written = {path.name: path.read_text() for path in (tmp_path / "pods").iterdir()}
    assert written == {"controller.main.log": "I am controller"}


def test_a_driver_without_manifests_has_no_other_pods(tmp_path: Path) -> None:
    profile = SimpleNamespace(deploy=SimpleNamespace(manifests=None))

    write_companions(cast("Site", SimpleNamespace(profile=profile)), tmp_path / "pods")

    assert not (tmp_path / "pods").exists()
