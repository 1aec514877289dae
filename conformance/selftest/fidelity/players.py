"""One scenario, played by the real kubelet of a cluster and by ours."""

from collections.abc import Mapping
from typing import Any, Protocol

from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.pods import PodClaims
from drawplate.conformance.cluster import objects
from drawplate.conformance.cluster.objects import PodSpec, Use
from drawplate.conformance.cluster.pod import Pod, Surroundings
from drawplate.conformance.selftest.bench.scripted import NAME
from drawplate.conformance.selftest.fidelity.recording import RecordingDriver

Object = dict[str, Any]
BUDGET = 60.0


class Player(Protocol):
    """A kubelet with a driver; pods and claims are known by their names."""

    def restart_kubelet(self) -> None: ...
    def add_pod(self, name: str, *claims: str) -> None: ...
    def remove_pod(self, name: str) -> None: ...


def play(player: Player) -> None:
    """Share a claim, prepare two at once, lose the kubelet's memory, share again, end all."""
    player.add_pod("first", "shared")
    player.add_pod("second", "shared")
    player.add_pod("wide", "one", "two")
    player.restart_kubelet()
    player.add_pod("late", "shared")
    for name in ("late", "second", "first", "wide"):
        player.remove_pod(name)


class RealPlayer:
    """Pods on a real node; `claims` are the objects as they were when their last pod ran."""

    def __init__(self, around: Surroundings, namespace: str, driver: RecordingDriver) -> None:
        self._around = around
        self._namespace = namespace
        self.driver = driver
        self.claims: dict[str, Object] = {}
        self.pods: dict[str, Pod] = {}

    def restart_kubelet(self) -> None:
        self._around.node.restart("kubelet")
        self.driver.registered(2, BUDGET)

    def add_pod(self, name: str, *claims: str) -> None:
        for claim in claims:
            if claim not in self.claims:
                self._around.api.create(objects.claim(claim, self._namespace, _spec()))
        spec = PodSpec(
            [self._around.node.name],
            [{"name": claim, "resourceClaimName": claim} for claim in claims],
            [objects.container("main", [Use(claim) for claim in claims])],
        )
        made = self._around.api.create(objects.pod(name, self._namespace, spec))
        self.pods[name] = Pod(self._around, made).running()
        for claim in claims:
            self.claims[claim] = self._around.api.get("ResourceClaim", claim, self._namespace)

    def remove_pod(self, name: str) -> None:
        self.pods[name].delete_and_wait()


class BenchPlayer:
    """The same pods and claims, recorded from the real player, on our kubelet."""

    def __init__(
        self, kubelet: Kubelet, claims: Mapping[str, Object], uids: Mapping[str, str]
    ) -> None:
        self._kubelet = kubelet
        self._claims = claims
        self._uids = uids
        self._pods: dict[str, PodClaims] = {}

    def restart_kubelet(self) -> None:
        self._kubelet.restart()
        self._kubelet.registered(NAME, BUDGET)

    def add_pod(self, name: str, *claims: str) -> None:
        found = [self._claims[claim] for claim in claims]
        self._pods[name] = PodClaims.of({"name": name, "uid": self._uids[name]}, *found)
        done = self._kubelet.pods.sync_pod(self._pods[name])
        assert done.ok, done.error

    def remove_pod(self, name: str) -> None:
        done = self._kubelet.pods.remove_pod(self._pods[name])
        assert done.ok, done.error


def _spec() -> Object:
    return {"devices": {"requests": [{"name": "gpu", "exactly": {"deviceClassName": NAME}}]}}
