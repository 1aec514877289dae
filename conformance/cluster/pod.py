"""A pod of a test: waited for by watching, looked into by the probe in it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from drawplate.conformance.cluster import objects
from drawplate.conformance.cluster.containers import running_containers, signal_container
from drawplate.conformance.cluster.podlog import read_log
from drawplate.conformance.patience import wait_until
from drawplate.conformance.problems import Inconclusive
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.observation import identities
from drawplate.fixtures.clusters.provider import Node
from drawplate.fixtures.kubeapi import ApiError, KubeApi
from drawplate.fixtures.kubewatch import Selection
from drawplate.fixtures.waiting import NotInTime

Object = dict[str, Any]
MAIN = "main"

# How long things may take that have no limit of their own, in seconds, before patience.
START_SECONDS = 15.0
# A failed unprepare is tried again after 10 to 15 s, and by the reconcile loop after 60 s
# (kubernetes v1.37 pkg/kubelet: backOffPeriod; pkg/kubelet/cm/dra: defaultReconcilePeriod).
END_SECONDS = 100.0
LOG_SECONDS = 15.0
# A call of the driver may take 45 s (kubernetes v1.37 pkg/kubelet/cm/dra/plugin).
EVENT_SECONDS = 60.0
EVENTS_TOLD = 4


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a pod handle needs of its stage.

    `patience` stretches every wait; `sync` is the kubelet's `syncFrequency` in seconds. A pod is on
    `node`, unless it chose another one of `nodes`.
    """

    api: KubeApi
    node: Node
    profile: Profile
    patience: float
    sync: float
    nodes: Mapping[str, Node] = field(default_factory=dict)

    @property
    def start_seconds(self) -> float:
        """Give how long a pod may take to start when one attempt to prepare its claim fails."""
        return (START_SECONDS + 1.5 * self.sync) * self.patience


class Pod:
    """One pod with the probe in each of its containers."""

    def __init__(self, around: Surroundings, made: Object) -> None:
        """Take the pod as the API server created it."""
        self._around = around
        self._made = made
        self.name: str = made["metadata"]["name"]
        self.namespace: str = made["metadata"]["namespace"]
        self.uid: str = made["metadata"]["uid"]

    def object(self) -> Object | None:
        """Give the pod as it is, None when it is gone."""
        found = self._around.api.find("Pod", self.name, self.namespace)
        return found if found and found["metadata"]["uid"] == self.uid else None

    # Waiting.

    def running(self) -> "Pod":
        """Wait until all containers run, as a premise. Raises Inconclusive."""
        if not self.runs():
            raise Inconclusive(f"the pod does not start: {self.story()}")
        return self

    def runs(self, instead_of: frozenset[str] = frozenset()) -> bool:
        """Wait until all containers run, in other instances than those; say whether they do."""
        return self._happens(lambda pod: _all_run(pod, instead_of), self._around.start_seconds)

    def gone(self) -> bool:
        """Wait until the pod is deleted; say whether it is."""
        return self._happens(lambda pod: pod is None, END_SECONDS * self._around.patience)

    def scheduled(self) -> "Pod":
        """Wait until the pod has a node, and so its claims devices, as a premise. Raises Inconclusive."""
        if not self._happens(_has_node, self._around.start_seconds):
            raise Inconclusive(f"the pod gets no node: {self.story()}")
        return self

    def unschedulable(self) -> bool:
        """Wait until the scheduler says that there is no room for the pod; say whether it did."""
        return self._happens(_is_unschedulable, self._around.start_seconds)

    def event(self, reason: str) -> str:
        """Wait for an event of this reason about the pod; give its text, "" when none comes."""
        fields = f"involvedObject.uid={self.uid},reason={reason}"
        try:
            found = self._around.api.wait(
                "Event",
                bool,
                EVENT_SECONDS * self._around.patience,
                Selection(self.namespace, fields=fields),
            )
        except NotInTime:
            return ""
        return str(found[0].get("message", ""))

    # Acting.

    def delete(self, *, force: bool = False) -> "Pod":
        """Delete the pod; with `force` the API server forgets it at once."""
        grace = 0 if force else None
        self._around.api.delete("Pod", self.name, self.namespace, uid=self.uid, grace=grace)
        return self

    def evict(self) -> "Pod":
        """Evict the pod, as a drain does. Raises Inconclusive when the API server refuses."""
        wanted = objects.eviction(self.name, self.namespace)
        try:
            self._around.api.post("Pod", self.name, "eviction", wanted, self.namespace)
        except ApiError as error:
            raise Inconclusive(f"the pod cannot be evicted: {error}") from error
        return self

    def delete_and_wait(self) -> None:
        """Delete the pod and wait until it is gone, as a premise. Raises Inconclusive."""
        if not self.delete().gone():
            raise Inconclusive(f"the pod does not end: {self.story()}")

    def restarts(self, container: str = MAIN) -> bool:
        """Kill a container's processes; say whether the kubelet could start it again."""
        pod = self.object() or {}
        own = running_containers(pod).get(container)
        if own is None:
            raise Inconclusive(f"container {container} does not run: {self.story()}")
        node = self._around.nodes.get(pod["spec"]["nodeName"], self._around.node)
        signal_container(node, own, "KILL")
        return self.runs(instead_of=frozenset({own}))

    # Looking.

    @property
    def node(self) -> str:
        """Give the name of the node that the pod is on, "" while it is on none."""
        return str((self.object() or {"spec": {}})["spec"].get("nodeName", ""))

    def instances(self) -> frozenset[str]:
        """Give the IDs of the containers that run now."""
        return frozenset(running_containers(self.object() or {}).values())

    def seen(self, container: str = MAIN) -> Mapping[str, Any]:
        """Give what the probe in the latest instance of a container printed.

        Raises Inconclusive when it printed nothing.
        """
        budget = LOG_SECONDS * self._around.patience
        return wait_until(f"the probe in {container}", lambda: self._document(container), budget)

    def shown(self, container: str = MAIN) -> frozenset[str]:
        """Give the devices that show in a container, as `identities` names them."""
        return identities(self._around.profile, self.seen(container))

    def showing(self, container: str = MAIN) -> frozenset[str]:
        """Give the devices that show, as a premise. Raises Inconclusive when none does."""
        shown = self.shown(container)
        if not shown:
            raise Inconclusive(f"nothing that the profile observes shows in {container}")
        return shown

    def story(self) -> str:
        """Say in a few lines where the pod stands: its phase, and its latest warnings."""
        pod = self.object()
        phase = pod["status"].get("phase", "?") if pod else "gone"
        fields = f"involvedObject.uid={self.uid}"
        events = self._around.api.list("Event", self.namespace, fields=fields)
        told = [
            f"{event.get('reason')}: {event.get('message')}"
            for event in sorted(events, key=_moment)
            if event.get("type") != "Normal"
        ]
        return "\n  ".join([f"pod {self.name} is {phase}", *told[-EVENTS_TOLD:]])

    def _document(self, container: str) -> Mapping[str, Any] | None:
        text = read_log(self._around.api, self._made, container)
        try:
            document = json.loads(text.splitlines()[-1]) if text else None
        except json.JSONDecodeError:
            return None
        return document or None

    def _happens(self, holds: Callable[[Object | None], bool], budget: float) -> bool:
        def check(pod: Object | None) -> bool:
            return holds(pod if pod and pod["metadata"]["uid"] == self.uid else None)

        try:
            self._around.api.wait_for("Pod", self.name, check, budget, self.namespace)
        except NotInTime:
            return False
        return True


def _all_run(pod: Object | None, old: frozenset[str]) -> bool:
    if pod is None:
        return False
    running = running_containers(pod)
    return len(running) == len(pod["spec"]["containers"]) and not old & set(running.values())


def _has_node(pod: Object | None) -> bool:
    return bool(pod and pod["spec"].get("nodeName"))


def _is_unschedulable(pod: Object | None) -> bool:
    conditions = pod["status"].get("conditions", ()) if pod else ()
    return any(
        one["type"] == "PodScheduled" and one.get("reason") == "Unschedulable" for one in conditions
    )


def _moment(event: Mapping[str, Any]) -> str:
    return str(event.get("lastTimestamp") or event.get("eventTime") or "")
