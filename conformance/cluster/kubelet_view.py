"""What the real kubelet of a node knows of drivers and claims, as far as it shows."""

import json
import re
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

from drawplate.conformance.cluster.folderwatch import watch_until
from drawplate.fixtures.clusters.provider import Node
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
_FAILED_UNPREPARES = re.compile(
    r'^dra_operations_duration_seconds_count\{is_error="true",operation_name="UnprepareResources"\}'
    r" (\d+)$",
    re.MULTILINE,
)

# The sockets of a registration folder by path, each with what tells a new one from an old one.
Sockets = Mapping[str, tuple[int, int]]


class KubeletView:
    """The kubelet of one node, looked at from outside: its folders and its metrics."""

    def __init__(self, api: KubeApi, node: Node) -> None:
        """Look at the kubelet of `node` through `api` and the node's files."""
        self._api = api
        self._registry = node.path(REGISTRY)
        self._checkpoint = node.path(CHECKPOINT)
        self._proxy = f"/api/v1/nodes/{node.name}/proxy"

    def claims(self) -> frozenset[str]:
        """Give the UIDs of the claims that the kubelet has to unprepare one day."""
        try:
            data = json.loads(json.loads(self._checkpoint.read_text(encoding="utf-8"))["Data"])
        except (FileNotFoundError, json.JSONDecodeError):
            # Not there before the first claim; half of it while the kubelet writes.
            return frozenset()
        return frozenset(entry["ClaimUID"] for entry in data["ClaimInfoStateList"] or ())

    def forgets(self, uid: str, budget: float) -> bool:
        """Wait until the kubelet has unprepared a claim; say whether it did within `budget`."""
        folder = self._checkpoint.parent
        return bool(watch_until(folder, lambda: uid not in self.claims(), budget))

    def sockets(self) -> Sockets:
        """Give the sockets that are in the registration folder now."""
        found = {}
        for path in self._registry.rglob("*"):
            with suppress(FileNotFoundError):
                status = path.stat()
                if stat.S_ISSOCK(status.st_mode) and not path.name.startswith("."):
                    inside = f"{REGISTRY}/{path.relative_to(self._registry)}"
                    found[inside] = (status.st_ino, status.st_mtime_ns)
        return found

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

        seen = watch_until(self._registry, look, budget) or frozenset()
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
        return sum(int(count) for count in _FAILED_UNPREPARES.findall(self._metrics()))

    def sync_seconds(self) -> float:
        """Give how often the kubelet looks at a pod again (`syncFrequency` of its configuration).

        kubernetes v1.37 pkg/kubelet/pod_workers.go: a pod whose claims could not be prepared is
        tried again after one to one and a half times this.
        """
        try:
            answer = self._api.request("GET", f"{self._proxy}/configz")
        except ApiError:
            return USUAL_SYNC_SECONDS
        text = answer.get("kubeletconfig", {}).get("syncFrequency", "")
        parts = _DURATION.fullmatch(text)
        return 60.0 * float(parts[1] or 0) + float(parts[2] or 0) if parts else USUAL_SYNC_SECONDS

    def _registered(self) -> frozenset[str]:
        return frozenset(_REGISTERED.findall(self._metrics()))

    def _metrics(self) -> str:
        try:
            answer = self._api.request("GET", f"{self._proxy}/metrics")
        except ApiError:
            # The kubelet is not there yet; metrics can only be asked for, not watched.
            return ""
        return str(answer.get("message", ""))
