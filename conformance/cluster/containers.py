"""The processes of a container, found and signalled on its node."""

from collections.abc import Sequence
from typing import Any

from drawplate.conformance.problems import Inconclusive
from drawplate.fixtures.clusters.provider import Node

RUN_SECONDS = 30.0

# A container's cgroup carries its ID, whatever the runtime and the cgroup version.
_FIND = 'grep -ls -- "$1" /proc/[0-9]*/cgroup'
_SIGNAL = 'number=$1; shift; kill -s "$number" "$@"'


def signal_container(node: Node, container_id: str, signal: str) -> None:
    """Send a signal ("KILL", "STOP") to every process of a container.

    `container_id` is as the pod's status has it, with its scheme. Raises Inconclusive when there
    is no process.
    """
    pids = _processes(node, container_id.rpartition("/")[2])
    if not pids:
        raise Inconclusive(f"no process of container {container_id} runs on {node.name}")
    _shell(node, _SIGNAL, [signal, *pids])


def running_containers(pod: dict[str, Any]) -> dict[str, str]:
    """Give the IDs of the running containers of a pod by their names."""
    return {
        status["name"]: status["containerID"]
        for status in pod.get("status", {}).get("containerStatuses", ())
        if "running" in status.get("state", {})
    }


def _processes(node: Node, container_id: str) -> list[str]:
    found = _shell(node, _FIND, [container_id])
    return [line.split("/")[2] for line in found.splitlines()]


def _shell(node: Node, script: str, arguments: Sequence[str]) -> str:
    done = node.run(["sh", "-c", script, "sh", *arguments], timeout=RUN_SECONDS)
    return done.stdout
