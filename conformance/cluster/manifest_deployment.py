"""A driver that runs as the objects of its manifests say: the instance on one node."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime

from drawplate.conformance.cluster.containers import running_containers, signal_container
from drawplate.conformance.cluster.daemonsets import DaemonSets
from drawplate.conformance.cluster.kubelet_view import KUBELET_ROOT, REGISTRY
from drawplate.conformance.cluster.nodestate import CDI_FOLDERS
from drawplate.conformance.cluster.podlog import read_log
from drawplate.conformance.drivers.hardware import renew
from drawplate.conformance.drivers.levers import pull
from drawplate.conformance.drivers.manifests import DeployedDriver
from drawplate.conformance.problems import SetupProblem
from drawplate.conformance.profile.hardware import LeverName
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.kubewatch import Object, Selection
from drawplate.fixtures.waiting import NotInTime

# kubernetes v1.37 pkg/controller/daemon deletes the pods of nodes that no longer match; they end
# within their grace period.
LEAVE_SECONDS = 90.0
COMMAND_SECONDS = 30.0
# Whoever comes first makes them, and others use them too.
SHARED = {*CDI_FOLDERS, REGISTRY, f"{KUBELET_ROOT}/plugins", KUBELET_ROOT}


class ManifestDeployment:
    """The pods that the DaemonSets of a profile's `deploy.manifests` have on one node."""

    def __init__(self, driver: DeployedDriver, sets: DaemonSets, api: KubeApi) -> None:
        """Take the driver as it is on the node, and the DaemonSets of all nodes."""
        self._driver = driver
        self._node = driver.node
        self._sets = sets
        self._api = api
        self._folders = self._missing(sets.host_folders())

    @property
    def alive(self) -> bool:
        """Say whether the DaemonSets' pods are ready on the node."""
        return self._sets.are_ready(self._pods())

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
        self._sets.apply()
        self._sets.let_back(self._node.name)
        with suppress(NotInTime):
            self._wait(self._sets.are_ready, self._sets.timeout)

    def stop(self) -> None:
        """Take the pods off the node."""
        self._sets.hold_away(self._node.name)
        self._await(lambda pods: not pods)

    def kill(self) -> None:
        """Kill the pods' processes, and keep the kubelet from starting them again."""
        victims = [each for pod in self._pods() for each in running_containers(pod).values()]
        for container in victims:
            signal_container(self._node, container, "STOP")
        self._sets.hold_away(self._node.name)
        # Stopped, they cannot answer the polite request to end, which comes with the deletion.
        self._await(lambda pods: all("deletionTimestamp" in pod["metadata"] for pod in pods))
        for container in victims:
            signal_container(self._node, container, "KILL")
        self._await(lambda pods: not pods)

    def roll(self) -> None:
        """Replace the pods as an update of the DaemonSets does, those of other nodes too."""
        self._sets.roll()

    def forget(self) -> None:
        """Remove the folders of the node that came with the pods, and reset the hardware."""
        if self._folders:
            self._node.run(["rm", "-rf", "--", *self._folders], timeout=COMMAND_SECONDS)
        if self._driver.hardware:
            renew(self._driver.hardware)

    def remove(self) -> None:
        """Forget; the objects are those of all nodes, and went with the DaemonSets."""
        self.forget()

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

    def _missing(self, folders: Sequence[str]) -> Sequence[str]:
        """Give those that are not there: what is in them later is the driver's."""
        if "exec" not in self._node.abilities:
            return ()

        def exists(folder: str) -> bool:
            done = self._node.run(["test", "-e", folder], timeout=COMMAND_SECONDS)
            return done.returncode == 0

        own = [folder for folder in folders if folder.rstrip("/") not in SHARED]
        return [folder for folder in own if not exists(folder)]

    def _pods(self) -> Sequence[Object]:
        return self._sets.pods(self._node.name)

    def _wait(self, holds: Callable[[Sequence[Object]], bool], budget: float) -> None:
        self._api.wait(
            "Pod",
            lambda pods: holds(self._sets.those_on(self._node.name, pods)),
            budget,
            Selection(self._sets.namespace),
            "the driver's pods",
        )

    def _await(self, holds: Callable[[Sequence[Object]], bool]) -> None:
        try:
            self._wait(holds, LEAVE_SECONDS)
        except NotInTime as late:
            raise SetupProblem(
                f"the driver's pods do not leave the node: {late}",
                where=f"namespace {self._sets.namespace}",
                cure="look at its pods and events",
            ) from late
