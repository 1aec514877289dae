"""Restarts and reboots of a node: by its provider, or by commands of the profile."""

import subprocess
from collections.abc import Sequence

from drawplate.conformance.problems import Inconclusive
from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.placeholders import render
from drawplate.fixtures.clusters.provider import Node
from drawplate.fixtures.kubeapi import KubeApi
from drawplate.fixtures.kubewatch import Object
from drawplate.fixtures.waiting import NotInTime


def restart_kubelet(node: Node, profile: Profile) -> None:
    """Restart the kubelet. Raises Inconclusive when the profile's command fails."""
    if "components" in node.abilities:
        node.restart("kubelet")
        return
    _run(profile.nodes.restart_kubelet, node, profile)


def reboot(node: Node, profile: Profile, api: KubeApi) -> None:
    """Reboot the node, and wait until it is Ready. Raises Inconclusive when it is not in time."""
    if "reboot" in node.abilities:
        node.lose_boot_state()
        return
    before = _boot(api.get("Node", node.name))
    _run(profile.nodes.reboot, node, profile)

    def is_back(found: Object | None) -> bool:
        return found is not None and _boot(found) != before and _is_ready(found)

    try:
        api.wait_for("Node", node.name, is_back, profile.nodes.timeout)
    except NotInTime as late:
        raise Inconclusive(f"the node does not come back with another boot ID: {late}") from late


def _run(argv: Sequence[str], node: Node, profile: Profile) -> None:
    words = [render(word, {"nodeName": node.name}) for word in argv]
    try:
        done = subprocess.run(
            words, capture_output=True, text=True, timeout=profile.nodes.timeout, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Inconclusive(f"the profile's command for nodes failed: {error}") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        reason = said[-1] if said else f"it left with status {done.returncode}"
        raise Inconclusive(f"the profile's command for nodes failed: {words[0]}: {reason}")


def _boot(node: Object) -> str:
    return str(node.get("status", {}).get("nodeInfo", {}).get("bootID", ""))


def _is_ready(node: Object) -> bool:
    conditions = node.get("status", {}).get("conditions", ())
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)
