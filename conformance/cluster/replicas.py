"""A ReplicaSet of a test: its one pod, and the one that comes after it."""

from drawplate.conformance.cluster.pod import Pod, Surroundings
from drawplate.conformance.problems import Inconclusive
from drawplate.fixtures.kubewatch import Object, Selection
from drawplate.fixtures.waiting import NotInTime


class Replicas:
    """A ReplicaSet that keeps one pod."""

    def __init__(self, around: Surroundings, made: Object) -> None:
        """Take the set as the API server created it."""
        self._around = around
        self.name: str = made["metadata"]["name"]
        self.namespace: str = made["metadata"]["namespace"]

    def pod(self, instead_of: Pod | None = None) -> Pod:
        """Wait until a pod is there, another one than `instead_of`. Raises Inconclusive."""
        old = instead_of.uid if instead_of else ""

        def newer(pods: list[Object]) -> list[Object]:
            return [pod for pod in pods if pod["metadata"]["uid"] != old]

        try:
            found = self._around.api.wait(
                "Pod",
                lambda pods: bool(newer([*pods])),
                self._around.start_seconds,
                Selection(self.namespace, labels=f"app={self.name}"),
                "a pod of the ReplicaSet",
            )
        except NotInTime as late:
            raise Inconclusive(f"the cluster makes no other pod: {late}") from late
        return Pod(self._around, newer([*found])[0])
