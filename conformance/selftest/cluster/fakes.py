"""A node that is a folder, and an API server that only knows the kubelet's metrics."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from drawplate.conformance.cluster.kubelet_view import KubeletView
from drawplate.fixtures.kubeapi import ApiError, KubeApi

if TYPE_CHECKING:
    from drawplate.fixtures.clusters.provider import Node

REGISTRY = "/var/lib/kubelet/plugins_registry"
DOWN = "DOWN"


class FolderNode:
    """A node whose paths lie below a folder."""

    name = "node-0"
    abilities = frozenset({"files", "paths"})

    def __init__(self, root: Path) -> None:
        self._root = root

    def path(self, inside: str) -> Path:
        return self._root / inside.lstrip("/")


class Metrics:
    """Gives one text of metrics after the other, the last one for ever."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = list(texts)
        self.asked = 0

    def request(self, method: str, path: str, **_: Any) -> dict[str, Any]:
        self.asked += 1
        text = self._texts.pop(0) if len(self._texts) > 1 else self._texts[0]
        if text == DOWN:
            raise ApiError(method, path, 503, {})
        return {"message": text}


def registered(*names: str) -> str:
    """Give the metrics of a kubelet that has registered these sockets."""
    lines = [
        f'plugin_manager_total_plugins{{socket_path="{REGISTRY}/{name}",state="{state}"}} 1'
        for name in names
        for state in ("actual_state_of_world", "desired_state_of_world")
    ]
    return "\n".join(["# TYPE plugin_manager_total_plugins gauge", *lines, ""])


class BlindNode:
    """A node into which nobody can look."""

    name = "node-0"
    abilities: frozenset[str] = frozenset()


def view(root: Path, *metrics: str, blind: bool = False) -> KubeletView:
    """Give a view of a kubelet on a node that is a folder; `blind` keeps its files away."""
    (root / REGISTRY.lstrip("/")).mkdir(parents=True, exist_ok=True)
    api = cast("KubeApi", Metrics(metrics or [""]))
    node = BlindNode() if blind else FolderNode(root)
    return KubeletView(api, cast("Node", node))
