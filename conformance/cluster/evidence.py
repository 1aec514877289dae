"""Evidence of a cluster test: what the API server, the node and the driver say at its end."""

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from drawplate.conformance.cluster.daemonsets import owner_of
from drawplate.conformance.cluster.nodefiles import name_of
from drawplate.conformance.cluster.podlog import read_log
from drawplate.conformance.cluster.site import Site
from drawplate.conformance.cluster.stage import Stage
from drawplate.fixtures.clusters.provider import Cluster

Object = dict[str, Any]

NAMESPACED = {
    "pods": "Pod",
    "claims": "ResourceClaim",
    "templates": "ResourceClaimTemplate",
    "events": "Event",
}


class ComponentLogs:
    """The logs of a cluster's components, from one `mark` to the next."""

    def __init__(self, cluster: Cluster) -> None:
        """Take the cluster; everything that is logged until the first mark is left out."""
        self._cluster = cluster
        self._sizes: dict[str, int] = {}

    def mark(self) -> None:
        """Begin a new part."""
        self._sizes = {name: len(data) for name, data in self._read().items()}

    def write(self, folder: Path) -> None:
        """Write what was logged since the latest mark, a file for each component."""
        for name, data in self._read().items():
            new = data[self._sizes.get(name, 0) :]
            if new:
                (folder / name).write_bytes(new)

    def _read(self) -> Mapping[str, bytes]:
        with tempfile.TemporaryDirectory(prefix="drawplate-logs-") as name:
            self._cluster.collect_logs(Path(name))
            # Those of the pods, in folders, are read from the API server with their names.
            return {path.name: path.read_bytes() for path in Path(name).glob("*.log")}


def gather(stage: Stage, logs: ComponentLogs, folder: Path) -> None:
    """Write everything that tells what happened in a test into `folder`."""
    site = stage.site
    folder.mkdir(parents=True, exist_ok=True)
    found = {name: site.api.list(kind, stage.namespace) for name, kind in NAMESPACED.items()}
    for name, entries in found.items():
        if entries:
            _write(folder / f"{name}.json", entries)
    _write_node(site, folder)
    for other in stage.sites[1:]:
        _write_node(other, folder / other.node.name)
    if stage.sites[1:]:
        _write(folder / "nodes.json", site.api.list("Node"))
    logs.write(folder)
    _write_pod_logs(site, found["pods"], folder)
    write_companions(site, folder / "driver-pods")


def _write_node(site: Site, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    _write(folder / "slices.json", site.driver.slices.current())
    _write(folder / "kubelet-claims.json", sorted(site.kubelet.claims()))
    (folder / "driver.log").write_text(site.driver.log(), encoding="utf-8")
    _write_cdi(site, folder / "cdi")


def _write_pod_logs(site: Site, pods: Sequence[Object], folder: Path) -> None:
    for pod in pods:
        status = pod.get("status", {})
        for one in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
            stem = f"{pod['metadata']['name']}.{one['name']}"
            for previous in (False, True) if one.get("restartCount") else (False,):
                text = read_log(site.api, pod, one["name"], previous=previous)
                name = f"{stem}.before.json" if previous else f"{stem}.json"
                if text:
                    (folder / name).write_text(text, encoding="utf-8")


def write_companions(site: Site, folder: Path) -> None:
    """Write the logs of the driver's other pods: a controller's, a webhook's."""
    manifests = site.profile.deploy.manifests
    pods = site.api.list("Pod", manifests.namespace) if manifests else ()
    for pod in pods:
        if not owner_of(pod):
            folder.mkdir(exist_ok=True)
            for one in pod["spec"]["containers"]:
                text = read_log(site.api, pod, one["name"])
                name = f"{pod['metadata']['name']}.{one['name']}.log"
                (folder / name).write_text(text, encoding="utf-8")


def _write_cdi(site: Site, folder: Path) -> None:
    for path, (_, content) in site.state.files().items():
        folder.mkdir(exist_ok=True)
        (folder / name_of(path)).write_bytes(content)


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
