"""The DaemonSets of a driver: applied once for all nodes, and held away from single nodes."""

import copy
import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from drawplate.conformance.drivers.manifests import DeployedDriver
from drawplate.conformance.drivers.rollout import is_ready, is_rolled_out
from drawplate.conformance.problems import SetupProblem
from drawplate.conformance.profile.deployment import Manifests
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.kubewatch import Object
from drawplate.fixtures.progress import Progress
from drawplate.fixtures.waiting import NotInTime

NOBODY_ROLLS: Object = {"type": "OnDelete"}
ROLLED = "drawplate.dev/rolled"
NAMESPACE_SECONDS = 90.0


class DaemonSets:
    """The DaemonSets among the workloads of a profile's `deploy.manifests`.

    While they are ours, pods are replaced by nobody but `roll`: to hold the driver away from one
    node changes their template, and must not touch the driver of another node. Threads may use
    this side by side.
    """

    def __init__(
        self, driver: DeployedDriver, manifests: Manifests, api: KubeApi, progress: Progress
    ) -> None:
        """Describe them; nothing is applied yet. Raises SetupProblem when there is none."""
        self._driver = driver
        self._manifests = manifests
        self._api = api
        self._progress = progress
        self._lock = threading.RLock()
        self._away: set[str] = set()
        self._found: dict[str, Object] = {}
        self._rolls = 0
        self._found_namespace = api.find("Namespace", manifests.namespace) is not None
        workloads = [entry.partition("/") for entry in manifests.rollout]
        self._names = [name for kind, _, name in workloads if kind == "DaemonSet"]
        if not self._names:
            raise SetupProblem(
                "no DaemonSet is among the workloads, so nothing runs on each node",
                where=f"{driver.profile.source} (deploy.manifests.rollout)",
                cure="name it there: DaemonSet/NAME",
            )

    @property
    def namespace(self) -> str:
        """Give the namespace of the pods."""
        return self._manifests.namespace

    @property
    def timeout(self) -> float:
        """Give within what time pods are ready, in seconds."""
        return self._manifests.timeout

    def host_folders(self) -> Sequence[str]:
        """Give the folders of a node that the pods have, whether they are there or not.

        Raises SetupProblem when the manifests cannot be read.
        """
        volumes = [
            volume
            for entry in self._driver.objects()
            if entry["kind"] == "DaemonSet" and entry["metadata"]["name"] in self._names
            for volume in entry["spec"]["template"]["spec"].get("volumes") or ()
        ]
        paths = [volume["hostPath"]["path"] for volume in volumes if "hostPath" in volume]
        return list(dict.fromkeys(paths))

    def apply(self) -> None:
        """Apply all objects of the driver, if they are not. Raises SetupProblem."""
        with self._lock:
            if self._found:
                return
            self._driver.start(self._progress)
            for name in self._names:
                self._found[name] = self._api.get("DaemonSet", name, self.namespace)["spec"]
                self._change(name, [_put("/spec/updateStrategy", NOBODY_ROLLS)])

    def remove(self) -> None:
        """Delete the objects that were made here, and wait until their namespace is gone."""
        self._driver.stop()
        self._found = {}
        if not self._found_namespace:
            self._api.wait_for(
                "Namespace", self.namespace, lambda left: left is None, NAMESPACE_SECONDS
            )

    def hold_away(self, node: str) -> None:
        """Have the pods of one node ended, and none started there."""
        with self._lock:
            self._away.add(node)
            self._place()

    def let_back(self, node: str) -> None:
        """Have pods started on a node again."""
        with self._lock:
            self._away.discard(node)
            self._place()

    def roll(self) -> None:
        """Replace the pods of all nodes as an update of the DaemonSets does.

        That new pods are not ready in time shows elsewhere.
        """
        with self._lock:
            self._rolls += 1
            for name, found in self._found.items():
                meta = found["template"].get("metadata") or {}
                notes = {**(meta.get("annotations") or {}), ROLLED: str(self._rolls)}
                strategy = _put("/spec/updateStrategy", found.get("updateStrategy") or {})
                annotations = _put("/spec/template/metadata/annotations", notes)
                self._change(name, [strategy, annotations])
            for name in self._found:
                with suppress(NotInTime):
                    self._api.wait_for(
                        "DaemonSet", name, is_rolled_out, self.timeout, self.namespace
                    )
                self._change(name, [_put("/spec/updateStrategy", NOBODY_ROLLS)])

    def pods(self, node: str) -> Sequence[Object]:
        """Give the pods on a node."""
        return self.those_on(node, self._api.list("Pod", self.namespace))

    def those_on(self, node: str, pods: Sequence[Object]) -> Sequence[Object]:
        """Give those of some pods that are the DaemonSets', and on a node."""
        return [
            pod
            for pod in pods
            if pod["spec"].get("nodeName") == node and owner_of(pod) in self._names
        ]

    def are_ready(self, pods: Sequence[Object]) -> bool:
        """Say whether there are pods among these that are not to end, and all of them are ready."""
        living = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        return bool(living) and all(is_ready(pod) for pod in living)

    def _place(self) -> None:
        for name, found in self._found.items():
            affinity = without_nodes(found["template"]["spec"].get("affinity"), self._away)
            self._change(name, [_put("/spec/template/spec/affinity", affinity)])

    def _change(self, name: str, changes: Sequence[Object]) -> None:
        self._api.patch("DaemonSet", name, changes, self.namespace)


def owner_of(pod: Object) -> str:
    """Give the name of the DaemonSet that a pod is of, "" when it is of none."""
    owners = pod["metadata"].get("ownerReferences", ())
    return next((str(one["name"]) for one in owners if one["kind"] == "DaemonSet"), "")


def without_nodes(affinity: Object | None, nodes: set[str]) -> Any:
    """Give a pod's affinity with some nodes excluded, by their names."""
    if not nodes:
        return affinity
    made = copy.deepcopy(affinity or {})
    rules = made.setdefault("nodeAffinity", {})
    required = rules.setdefault("requiredDuringSchedulingIgnoredDuringExecution", {})
    # One entry each: Kubernetes takes one name in an entry of matchFields.
    fields = [
        {"key": "metadata.name", "operator": "NotIn", "values": [node]} for node in sorted(nodes)
    ]
    terms = required.get("nodeSelectorTerms") or [{}]
    required["nodeSelectorTerms"] = [
        {**term, "matchFields": [*term.get("matchFields", ()), *fields]} for term in terms
    ]
    return made


def _put(path: str, value: Any) -> Object:
    # "add" replaces what is there (RFC 6902), and null stands for nothing.
    return {"op": "add", "path": path, "value": value}
