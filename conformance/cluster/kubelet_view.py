"""What the real kubelet of a node knows of drivers and claims, as far as it shows."""

import json
import re
import time
from collections.abc import Callable, Mapping

from drawplate.conformance.cluster.nodefiles import files_of, name_of
from drawplate.fixtures.clusters.provider import Node
from drawplate.fixtures.clusters.versions_table import closest
from drawplate.fixtures.kubeapi import ApiError, KubeApi

KUBELET_ROOT = "/var/lib/kubelet"
REGISTRY = f"{KUBELET_ROOT}/plugins_registry"
# kubernetes v1.37 pkg/kubelet/cm/dra: the checkpoint names all claims from before their first
# prepare call until their unprepare call has succeeded.
CHECKPOINT = f"{KUBELET_ROOT}/dra_manager_state"

# kubernetes v1.37 pkg/kubelet/pluginmanager: the reconciler looks once a second (loopSleepDuration)
# and needs one turn to drop an old instance and one to take the new one.
RECONCILED_SECONDS = 3.0
ASK_AGAIN_SECONDS = 0.1

# The default of `syncFrequency` (kubelet.config.k8s.io/v1beta1).
USUAL_SYNC_SECONDS = 60.0

_DURATION = re.compile(r"(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
_REGISTERED = re.compile(
    r'^plugin_manager_total_plugins\{socket_path="([^"]+)",state="actual_state_of_world"\} 1$',
    re.MULTILINE,
)
_UNPREPARES = re.compile(
    r'^dra_operations_duration_seconds_count\{is_error="(\w+)",operation_name="UnprepareResources"\}'
    r" (\d+)$",
    re.MULTILINE,
)
_KUBELET_VERSION = re.compile(r'^kubernetes_build_info\{[^}]*git_version="([^"]+)"', re.MULTILINE)

# The sockets of a registration folder by path, each with what tells a new one from an old one.
Sockets = Mapping[str, str]


class KubeletView:
    """The kubelet of one node, looked at from outside: its folders and its metrics.

    Where nobody may look at the node's files only the metrics are left: sockets are those that the
    kubelet has registered, and what it has prepared is not known.
    """

    def __init__(self, api: KubeApi, node: Node) -> None:
        """Look at the kubelet of `node` through `api` and the node's files."""
        self.api = api
        self._files = files_of(node)
        self._known: frozenset[str] = frozenset()
        self._proxy = f"/api/v1/nodes/{node.name}/proxy"

    def claims(self) -> frozenset[str]:
        """Give the UIDs of the claims that the kubelet has to unprepare one day."""
        held = self._files.read(CHECKPOINT) if self._files else None
        try:
            data = json.loads(json.loads(held or b"")["Data"])
        except json.JSONDecodeError:
            # Not there before the first claim; half of it while the kubelet writes.
            return frozenset()
        return frozenset(entry["ClaimUID"] for entry in data["ClaimInfoStateList"] or ())

    def forgets(self, uid: str, budget: float) -> bool:
        """Wait until the kubelet has unprepared a claim; say whether it did within `budget`.

        Without node access that is taken for granted: a pod that is gone, and was not forced to,
        has been unprepared (kubernetes v1.37 pkg/kubelet/kubelet.go, SyncTerminatingPod).
        """
        if self._files is None:
            return True
        done = self._files.watch_until(KUBELET_ROOT, lambda: uid not in self.claims(), budget)
        return bool(done)

    def sockets(self) -> Sockets:
        """Give the sockets that are in the registration folder now."""
        if self._files is None:
            return dict.fromkeys(self._registered(), "")
        found = self._files.sockets(REGISTRY)
        return {path: mark for path, mark in found.items() if not name_of(path).startswith(".")}

    def new_sockets(
        self, before: Sockets, budget: float, alive: Callable[[], bool]
    ) -> frozenset[str]:
        """Wait for sockets that are not among those `before`; give them.

        Gives none after `budget` seconds, or as soon as `alive` says that nobody will make them.
        """

        def look() -> frozenset[str] | None:
            found = frozenset(
                path for path, mark in self.sockets().items() if before.get(path) != mark
            )
            return found or (None if alive() else frozenset({""}))

        if self._files is None:
            return self._newly_registered(before, budget, alive)
        seen = self._files.watch_until(REGISTRY, look, budget) or frozenset()
        return seen - {""}

    def registers(self, sockets: frozenset[str], budget: float, *, replaced: bool) -> bool:
        """Wait until the kubelet has registered the plugins of all these sockets.

        `replaced` says that sockets of the same names were registered before: then the kubelet
        must have looked again, which it shows by dropping them in between, or by the time that
        passes.
        """
        began = time.monotonic()
        dropped = not replaced
        while time.monotonic() < began + budget:
            present = sockets <= self._registered()
            dropped = dropped or not present or time.monotonic() > began + RECONCILED_SECONDS
            if present and dropped:
                return True
            time.sleep(ASK_AGAIN_SECONDS)
        return False

    def failed_unprepares(self) -> int:
        """Give how many times the kubelet could not unprepare a pod since it started."""
        metrics = self._metrics()
        version = _KUBELET_VERSION.search(metrics)
        failed = closest(version[1]).is_error if version else "true"
        counts = _UNPREPARES.findall(metrics)
        return sum(int(count) for is_error, count in counts if is_error == failed)

    def know(self, sockets: frozenset[str]) -> None:
        """Take over which sockets were the driver's, from another process of the run."""
        self._known |= sockets

    def sync_seconds(self) -> float:
        """Give how often the kubelet looks at a pod again (`syncFrequency` of its configuration).

        kubernetes v1.37 pkg/kubelet/pod_workers.go: a pod whose claims could not be prepared is
        tried again after one to one and a half times this.
        """
        try:
            answer = self.api.request("GET", f"{self._proxy}/configz")
        except ApiError:
            return USUAL_SYNC_SECONDS
        text = answer.get("kubeletconfig", {}).get("syncFrequency", "")
        parts = _DURATION.fullmatch(text)
        return 60.0 * float(parts[1] or 0) + float(parts[2] or 0) if parts else USUAL_SYNC_SECONDS

    def _newly_registered(
        self, before: Sockets, budget: float, alive: Callable[[], bool]
    ) -> frozenset[str]:
        """Wait as `new_sockets` does, by metrics alone, which can only be asked for.

        A socket of the same name as before is the new one's as soon as the kubelet must have
        looked again.
        """
        began = time.monotonic()
        while alive() and time.monotonic() < began + budget:
            present = self._registered()
            fresh = present - set(before)
            if time.monotonic() > began + RECONCILED_SECONDS:
                fresh |= present & self._known
            if fresh:
                self._known |= fresh
                return fresh
            time.sleep(ASK_AGAIN_SECONDS)
        return frozenset()

    def _registered(self) -> frozenset[str]:
        return frozenset(_REGISTERED.findall(self._metrics()))

    def _metrics(self) -> str:
        try:
            answer = self.api.request("GET", f"{self._proxy}/metrics")
        except ApiError:
            # The kubelet is not there yet; metrics can only be asked for, not watched.
            return ""
        return str(answer.get("message", ""))
