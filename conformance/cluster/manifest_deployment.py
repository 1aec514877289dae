"""A driver that runs as the objects of its manifests say, with a DaemonSet that can be held away."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime

from drawplate.conformance.cluster.containers import running_containers, signal_container
from drawplate.conformance.cluster.podlog import read_log
from drawplate.conformance.drivers.hardware import renew
from drawplate.conformance.drivers.levers import pull
from drawplate.conformance.drivers.manifests import DeployedDriver
from drawplate.conformance.drivers.rollout import is_ready, is_rolled_out
from drawplate.conformance.problems import SetupProblem
from drawplate.conformance.profile.deployment import Manifests
from drawplate.conformance.profile.hardware import LeverName
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.kubewatch import Object, Selection
from drawplate.fixtures.progress import Progress
from drawplate.fixtures.waiting import NotInTime

# A node label that no node has: a DaemonSet with it in its node selector runs nowhere.
NOWHERE = "drawplate.dev/nowhere"
# kubernetes v1.37 pkg/controller/daemon deletes the pods of nodes that no longer match; they end
# within their grace period.
LEAVE_SECONDS = 90.0


class ManifestDeployment:
    """The objects of a profile's `deploy.manifests`; its DaemonSets hold the node's instance."""

    def __init__(
        self, driver: DeployedDriver, manifests: Manifests, api: KubeApi, progress: Progress
    ) -> None:
        """Describe it; nothing is applied yet. Raises SetupProblem without a DaemonSet."""
        self._driver = driver
        self._manifests = manifests
        self._api = api
        self._progress = progress
        self._applied = False
        self._found_namespace = api.find("Namespace", manifests.namespace) is not None
        workloads = [entry.partition("/") for entry in manifests.rollout]
        self._sets = [name for kind, _, name in workloads if kind == "DaemonSet"]
        if not self._sets:
            raise SetupProblem(
                "no DaemonSet is among the workloads, so nothing runs on each node",
                where=f"{driver.profile.source} (deploy.manifests.rollout)",
                cure="name it there: DaemonSet/NAME",
            )

    @property
    def alive(self) -> bool:
        """Say whether the DaemonSets' pods are ready on the node."""
        pods = self._pods()
        return bool(pods) and all(is_ready(pod) for pod in pods)

    @property
    def ended(self) -> bool:
        """Say that it never does: the kubelet starts a pod's containers again."""
        return False

    @property
    def instance(self) -> str:
        """Give the IDs of the running containers."""
        found = [each for pod in self._pods() for each in running_containers(pod).values()]
        return " ".join(sorted(found))

    @property
    def dies_with_node(self) -> bool:
        """Say that the kubelet starts the pods again after a reboot."""
        return True

    def start(self) -> None:
        """Apply the objects if they are not there, else let the pods back on the node.

        Raises SetupProblem when the pods are not ready in time for the first time. Later that may
        be what a test is about; then nothing registers.
        """
        if not self._applied:
            self._driver.start(self._progress)
            self._applied = True
            return
        for name in self._sets:
            self._hold_away(name, None)
        for name in self._sets:
            self._await_rollout(name)

    def stop(self) -> None:
        """Take the pods off the node."""
        for name in self._sets:
            self._hold_away(name, "true")
        self._await(lambda pods: not pods)

    def kill(self) -> None:
        """Kill the pods' processes, and keep the kubelet from starting them again."""
        victims = [each for pod in self._pods() for each in running_containers(pod).values()]
        for container in victims:
            signal_container(self._driver.node, container, "STOP")
        for name in self._sets:
            self._hold_away(name, "true")
        # Stopped, they cannot answer the polite request to end, which comes with the deletion.
        self._await(lambda pods: all("deletionTimestamp" in pod["metadata"] for pod in pods))
        for container in victims:
            signal_container(self._driver.node, container, "KILL")
        self._await(lambda pods: not pods)

    def forget(self) -> None:
        """Reset the hardware. What the pods keep elsewhere is not ours to know."""
        if self._driver.hardware:
            renew(self._driver.hardware)

    def remove(self) -> None:
        """Delete the objects that were made here, and reset the hardware."""
        self.stop()
        self._driver.stop()
        self._applied = False
        self.forget()
        if not self._found_namespace:
            self._api.wait_for(
                "Namespace", self._manifests.namespace, lambda left: left is None, LEAVE_SECONDS
            )

    def pull(self, lever: LeverName) -> int | None:
        """Change the hardware as the profile says."""
        return pull(self._driver, lever)

    def log_end(self) -> datetime:
        """Give the time: logs of pods are asked for by it."""
        return datetime.now(UTC)

    def log(self, since: datetime | None) -> str:
        """Give what the pods that are there wrote since a time."""
        return "\n".join(
            read_log(self._api, pod, name, since=since)
            for pod in self._pods()
            for name in running_containers(pod)
        )

    def _hold_away(self, name: str, value: str | None) -> None:
        body = {"spec": {"template": {"spec": {"nodeSelector": {NOWHERE: value}}}}}
        self._api.patch("DaemonSet", name, body, self._manifests.namespace)

    def _pods(self) -> list[Object]:
        return self._ours(self._api.list("Pod", self._manifests.namespace))

    def _ours(self, pods: Iterable[Object]) -> list[Object]:
        return [pod for pod in pods if self._is_ours(pod)]

    def _is_ours(self, pod: Object) -> bool:
        owners = pod["metadata"].get("ownerReferences", ())
        ours = any(one["kind"] == "DaemonSet" and one["name"] in self._sets for one in owners)
        return ours and pod["spec"].get("nodeName") == self._driver.node.name

    def _await(self, holds: Callable[[list[Object]], bool]) -> None:
        try:
            self._api.wait(
                "Pod",
                lambda pods: holds(self._ours(pods)),
                LEAVE_SECONDS,
                Selection(self._manifests.namespace),
                "the driver's pods",
            )
        except NotInTime as late:
            raise self._problem(f"the driver's pods do not leave the node: {late}") from late

    def _await_rollout(self, name: str) -> None:
        namespace, budget = self._manifests.namespace, self._manifests.timeout
        with suppress(NotInTime):
            self._api.wait_for("DaemonSet", name, is_rolled_out, budget, namespace)

    def _problem(self, what: str) -> SetupProblem:
        return SetupProblem(
            what,
            where=f"namespace {self._manifests.namespace}",
            cure="look at its pods and events",
        )
