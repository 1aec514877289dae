"""When a workload of Kubernetes has its present template running everywhere."""

from collections.abc import Iterator, Mapping
from typing import Any

from drawplate.fixtures.kubeapi import ApiError, KubeApi

Workload = Mapping[str, Any]
LOG_LINES = 5


def is_rolled_out(workload: Workload | None) -> bool:
    """Say whether a DaemonSet, Deployment or StatefulSet is complete, by its status fields."""
    if workload is None:
        return False
    status, meta = workload.get("status", {}), workload["metadata"]
    if status.get("observedGeneration", 0) < meta.get("generation", 0):
        return False
    if workload["kind"] == "DaemonSet":
        wanted = status.get("desiredNumberScheduled", 0)
        updated = status.get("updatedNumberScheduled", 0)
        available = status.get("numberAvailable", 0)
    else:
        wanted = workload["spec"].get("replicas", 1)
        updated = status.get("updatedReplicas", 0)
        available = status.get("availableReplicas", 0)
    # A driver on no node at all is not running.
    return bool(wanted) and wanted == updated == available


def is_ready(pod: Workload) -> bool:
    """Say whether a pod is Ready."""
    conditions = pod.get("status", {}).get("conditions", ())
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def labels_of(workload: Workload) -> str:
    """Give the selector of a workload's pods as a label query."""
    return ",".join(
        f"{key}={value}" for key, value in workload["spec"]["selector"]["matchLabels"].items()
    )


def explain(api: KubeApi, workload: Workload | None, namespace: str) -> str:
    """Say what keeps a workload from being complete, as far as its pods and their logs tell."""
    if workload is None:
        return "the workload is not there"
    pods = api.list("Pod", namespace, labels=labels_of(workload))
    reasons = [reason for pod in pods for reason in (*_unscheduled(pod), *_waiting(api, pod))]
    if reasons:
        return "; ".join(dict.fromkeys(reasons))
    return "its pods start" if pods else "it has no pods: does any node match it?"


def _unscheduled(pod: Workload) -> Iterator[str]:
    for condition in pod.get("status", {}).get("conditions", ()):
        if condition["type"] == "PodScheduled" and condition["status"] != "True":
            yield f"{pod['metadata']['name']} is not scheduled: {condition.get('message', '')}"


def _waiting(api: KubeApi, pod: Workload) -> Iterator[str]:
    for container in pod.get("status", {}).get("containerStatuses", ()):
        state = container.get("state", {})
        detail = state.get("waiting") or state.get("terminated")
        if detail:
            told = detail.get("message") or detail.get("reason", "")
            ended = container.get("lastState", {}).get("terminated")
            log = _end(ended) + _end_of_log(api, pod, container) if ended else ""
            yield f"{pod['metadata']['name']}/{container['name']}: {told}{log}"


def _end(terminated: Mapping[str, Any]) -> str:
    status = terminated.get("exitCode")
    told = terminated.get("message") or terminated.get("reason", "")
    return f"; it left with status {status}: {told}"


def _end_of_log(api: KubeApi, pod: Workload, container: Workload) -> str:
    meta = pod["metadata"]
    query = {"container": container["name"], "previous": "true", "tailLines": LOG_LINES}
    path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}/log"
    try:
        answer = api.request("GET", path, query=query)
    except ApiError as error:
        return f" (no log: {error.text})"
    # A log is no JSON document, or one line of it; either way this is what it said.
    text = str(answer.get("message", answer or "(it wrote nothing)"))
    return "; the end of its log:\n" + "\n".join(f"    {line}" for line in text.splitlines())
