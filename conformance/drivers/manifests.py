"""A driver as objects of a cluster: its images loaded, its manifests applied, its pods replaced."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from drawplate.conformance.drivers.applied import AppliedObjects
from drawplate.conformance.drivers.hardware import UnderDriver
from drawplate.conformance.drivers.place import Place, StandardFolders
from drawplate.conformance.drivers.rollout import explain, is_ready, is_rolled_out, labels_of
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.objects import read_objects
from drawplate.conformance.profile.placeholders import render
from drawplate.emulators.problems import SetupProblem
from drawplate.fixtures.clusters.provider import Cluster, Node
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.kubewatch import Object, Selection
from drawplate.fixtures.progress import Progress
from drawplate.fixtures.waiting import NotInTime

WORKLOADS = ("DaemonSet", "Deployment", "StatefulSet")


class DeployedDriver:
    """The driver of a profile on all nodes of a cluster, by the profile's manifests."""

    def __init__(
        self,
        profile: Profile,
        cluster: Cluster,
        api: KubeApi,
        hardware: UnderDriver | None = None,
        node: Node | None = None,
    ) -> None:
        """Describe the driver as it is on `node`, the first one if none is given.

        Raises SetupProblem when the profile has no manifests.
        """
        if profile.deploy.manifests is None:
            raise SetupProblem(
                f"the profile {profile.title!r} has no manifests",
                where=f"{profile.source} (deploy.manifests)",
                cure="add deploy.manifests, or run the driver as a process",
            )
        self.profile = profile
        self.hardware = hardware
        self.node: Node = node or cluster.nodes[0]
        self.place = Place.on(
            StandardFolders(), kubeconfig=cluster.kubeconfig, node_name=self.node.name
        )
        self._manifests = profile.deploy.manifests
        self._nodes: Sequence[Node] = cluster.nodes
        self._api = api
        self._applied = AppliedObjects(api)
        self._values = self.place.values(profile.driver.name)

    def start(self, progress: Progress) -> None:
        """Load the images, apply, wait for the rollout.

        Raises SetupProblem when something cannot be had, is refused, or is not ready in time.
        """
        objects = self.objects()
        self._load_images(progress)
        with progress.step(f"deploying {self.profile.title}"):
            self._applied.apply(objects)
            for workload in self._manifests.rollout:
                self._await_rollout(workload)

    def stop(self) -> None:
        """Remove what `start` made, and wait until it is gone; what was there before stays.

        The workloads go first: the driver needs its rights until its pods have ended. Raises
        SetupProblem when pods or namespaces stay longer than the profile's timeout.
        """
        try:
            self._remove(self._manifests.timeout)
        except NotInTime as error:
            raise SetupProblem(
                f"the driver does not go away: {error}",
                where=f"{self.profile.source} (deploy.manifests)",
                cure="look at its pods: a finalizer or a container that ignores SIGTERM holds them",
            ) from error

    def restart(self, *, grace: int | None = None) -> None:
        """Delete the driver's pods and wait for the new ones; `grace` 0 kills them at once.

        Raises SetupProblem when the new pods are not ready in time.
        """
        for name in self._manifests.rollout:
            workload = self._find(name)
            if workload is None:
                raise self._not_ready(name)
            self._replace_pods(name, labels_of(workload), grace)

    def objects(self) -> list[Object]:
        """Give the objects as the manifests have them. Raises SetupProblem."""
        return read_objects(self._manifests, self.profile.folder, self._values)

    def pods(self) -> list[Object]:
        """Give the pods of all workloads of the driver."""
        found = (self._find(workload) for workload in self._manifests.rollout)
        return [
            pod
            for workload in found
            if workload
            for pod in self._api.list("Pod", self._manifests.namespace, labels=labels_of(workload))
        ]

    def render(self, text: str) -> str:
        """Replace the placeholders of a text by what they mean on the node."""
        return render(text, self._values)

    def outside(self, path: str) -> Path:
        """Give the path by which this machine opens what the driver calls `path`."""
        return self.node.path(path)

    def _remove(self, budget: float) -> None:
        ours = {one.title for one in self._applied.owned}
        ending = [self._find(name) for name in self._manifests.rollout if name in ours]
        self._applied.remove(WORKLOADS)
        for workload in filter(None, ending):
            selection = Selection(self._manifests.namespace, labels_of(workload))
            self._api.wait("Pod", lambda pods: not pods, budget, selection, "end of its pods")
        self._applied.remove()
        for title in ours:
            kind, _, name = title.partition("/")
            if kind == "Namespace":
                self._api.wait_for(kind, name, lambda found: found is None, budget)

    def _load_images(self, progress: Progress) -> None:
        # Making images is slow to import and not needed by drivers that bring theirs.
        from drawplate.fixtures.images.get import ensure_images  # noqa: PLC0415

        beside = [self.profile.folder / name for name in self._manifests.images]
        archives = [path for path in beside if path.is_file()]
        ours = [path.name for path in beside if not path.is_file()]
        archives += ensure_images(ours, progress).values()
        for node in self._nodes:
            for archive in archives:
                node.load_image(archive)

    def _replace_pods(self, workload: str, labels: str, grace: int | None) -> None:
        namespace = self._manifests.namespace
        old = {
            pod["metadata"]["uid"]: pod for pod in self._api.list("Pod", namespace, labels=labels)
        }
        for uid, pod in old.items():
            self._api.delete("Pod", pod["metadata"]["name"], namespace, uid=uid, grace=grace)

        def replaced(pods: Sequence[Object]) -> bool:
            new = [pod for pod in pods if pod["metadata"]["uid"] not in old]
            return len(new) == len(pods) >= len(old) and all(is_ready(pod) for pod in new)

        try:
            selection = Selection(namespace, labels)
            self._api.wait("Pod", replaced, self._manifests.timeout, selection)
        except NotInTime as error:
            raise self._not_ready(workload) from error

    def _await_rollout(self, workload: str) -> None:
        kind, _, name = workload.partition("/")
        try:
            self._api.wait_for(
                f"apps/v1/{kind}",
                name,
                is_rolled_out,
                self._manifests.timeout,
                self._manifests.namespace,
            )
        except NotInTime as error:
            raise self._not_ready(workload) from error

    def _find(self, workload: str) -> dict[str, Any] | None:
        kind, _, name = workload.partition("/")
        return self._api.find(f"apps/v1/{kind}", name, self._manifests.namespace)

    def _not_ready(self, workload: str) -> SetupProblem:
        reason = explain(self._api, self._find(workload), self._manifests.namespace)
        return SetupProblem(
            f"{workload} is not ready after {self._manifests.timeout:g} s: {reason}",
            where=f"{self.profile.source} (deploy.manifests.rollout)",
            cure="look at its pods and events, or give it more time (deploy.manifests.timeout)",
        )
