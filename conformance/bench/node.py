"""A bench node: folders, a Node object without a kubelet, and us in the places of both."""

import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Self

from drawplate.conformance.bench.calls import CallLog
from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.paths import BenchPaths
from drawplate.conformance.bench.scheduler import Scheduler
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.kubeownership import Belongings

# What the API server itself puts on nodes, and what drivers' manifests select.
STANDARD_LABELS = {"kubernetes.io/os": "linux"}


class BenchNode:
    """One node for one driver; `close` removes it with all that is on it and belongs to it.

    `kubelet` is not started: start it before or after the driver, as the test demands. `ours`
    creates objects that go with the node. `namespace` is the node's own.
    """

    def __init__(
        self,
        kubeconfig: Path,
        driver: str,
        *,
        run: str,
        log: Path | None = None,
        labels: Mapping[str, str] | None = None,
    ) -> None:
        """Make the folders and the Node object; calls are recorded in the file `log`.

        Raises SetupProblem or ApiError; nothing is left then.
        """
        self.name = f"bench-{uuid.uuid4().hex[:8]}"
        self.driver = driver
        self.api = KubeApi(kubeconfig)
        self.ours = Belongings(self.api, run)
        self.paths = BenchPaths.create()
        self.log = CallLog(log)
        self.kubelet = Kubelet(self.paths, self.log, driver=driver, read_claim=self._read_claim)
        self.scheduler = Scheduler(self.api, driver, self.name)
        try:
            self._make_objects({"kubernetes.io/hostname": self.name} | dict(labels or {}))
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _make_objects(self, labels: Mapping[str, str]) -> None:
        meta = {"name": self.name, "labels": STANDARD_LABELS | dict(labels)}
        self.ours.create({"apiVersion": "v1", "kind": "Node", "metadata": meta})
        self.namespace = self.ours.namespace("bench")

    def wipe_slices(self, driver: str = "") -> None:
        """Delete the slices of the node, of one driver if named, as a starting kubelet does.

        kubernetes v1.37 pkg/kubelet/cm/dra/plugin/dra_plugin_manager.go, wipeResourceSlices:
        slices that are not for a single node stay.
        """
        fields = f"spec.nodeName={self.name}" + (f",spec.driver={driver}" if driver else "")
        for one in self.api.list("ResourceSlice", fields=fields):
            self.api.delete("ResourceSlice", one["metadata"]["name"], uid=one["metadata"]["uid"])

    def close(self) -> None:
        """Stop the kubelet, remove the node's objects, slices and folders; the log stays."""
        self.kubelet.stop()
        try:
            self.wipe_slices()
            self.ours.remove_all()
        finally:
            self.api.close()
            self.log.close()
            self.paths.remove()

    def _read_claim(self, namespace: str, name: str) -> Mapping[str, object]:
        return self.api.get("ResourceClaim", name, namespace)
