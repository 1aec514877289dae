"""Nodes that a test takes away from the cluster, and how they come back whatever became of it.

What was done is noted on the Node before it is done, so that another process can undo it.
"""

from drawplate.conformance.problems import Inconclusive
from drawplate.fixtures.clusters.provider import Node
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.kubewatch import Object
from drawplate.fixtures.waiting import NotInTime

LOST = "drawplate.dev/lost"
CORDONED = "drawplate.dev/cordoned"
COMPONENTS = ("containerd", "kubelet")

# kubernetes v1.37 pkg/controller/nodelifecycle: a node whose kubelet is silent is not ready after
# nodeMonitorGracePeriod (50 s), looked at every 5 s; seconds, before patience.
MISSED_SECONDS = 90.0
READY_SECONDS = 60.0


def lose(node: Node, api: KubeApi, patience: float) -> None:
    """Stop a node's kubelet and container runtime, and wait until the cluster misses it.

    Raises Inconclusive when it does not.
    """
    _note(api, node, LOST, "true")
    for component in COMPONENTS[::-1]:
        node.stop(component)
    try:
        api.wait_for("Node", node.name, _is_missed, MISSED_SECONDS * patience)
    except NotInTime as late:
        raise Inconclusive(f"the cluster does not miss the node: {late}") from late


def cordon(node: Node, api: KubeApi) -> None:
    """Keep new pods off a node."""
    _note(api, node, CORDONED, "true")
    api.patch("Node", node.name, {"spec": {"unschedulable": True}})


def mend(node: Node, api: KubeApi, patience: float) -> None:
    """Undo what was done to a node, if anything was.

    Raises Inconclusive when it is not Ready again in time.
    """
    noted = api.get("Node", node.name)["metadata"].get("annotations", {})
    if CORDONED in noted:
        api.patch("Node", node.name, {"spec": {"unschedulable": None}})
        _note(api, node, CORDONED, None)
    if LOST in noted:
        for component in COMPONENTS:
            node.start(component)
        try:
            api.wait_for("Node", node.name, _is_back, READY_SECONDS * patience)
        except NotInTime as late:
            raise Inconclusive(f"the node does not come back: {late}") from late
        _note(api, node, LOST, None)


def _note(api: KubeApi, node: Node, name: str, value: str | None) -> None:
    api.patch("Node", node.name, {"metadata": {"annotations": {name: value}}})


def _ready(node: Object | None) -> str:
    conditions = (node or {}).get("status", {}).get("conditions", ())
    return next((str(one["status"]) for one in conditions if one["type"] == "Ready"), "")


def _is_missed(node: Object | None) -> bool:
    return _ready(node) in {"False", "Unknown"}


def _is_back(node: Object | None) -> bool:
    # Pods are kept off until the controller has taken its taints away.
    taints = (node or {"spec": {}})["spec"].get("taints", ())
    kept_off = any(one["key"].startswith("node.kubernetes.io/") for one in taints)
    return _ready(node) == "True" and not kept_off
