"""What requirements need of a cluster's nodes, and whether a run has it.

Beside the abilities of `drawplate.fixtures.clusters.provider` there are "hardware", devices that a
suite can plug and unplug, and "outage", nodes that it can take from the cluster for a while. What
nobody here can do to a node the profile may have commands for.
"""

from collections.abc import Callable, Collection, Mapping

from drawplate.conformance.problems import SuiteError
from drawplate.conformance.profile.model import Profile

Answer = str
Reason = Callable[[Profile, Collection[str]], Answer]


def _access(_profile: Profile, _abilities: Collection[str]) -> Answer:
    return "the nodes of an existing cluster are entered with --node-access only"


def _restart(profile: Profile, _abilities: Collection[str]) -> Answer:
    if profile.nodes.restart_kubelet:
        return ""
    return "the kubelet is not ours to restart, and the profile gives no nodes.restartKubelet"


def _reboot(profile: Profile, _abilities: Collection[str]) -> Answer:
    if profile.nodes.reboot:
        return ""
    return "the node is not ours to reboot, and the profile gives no nodes.reboot"


def _never(reason: str) -> Reason:
    """Give the reason for what no profile has commands for."""
    return lambda _profile, _abilities: reason


def _hardware(profile: Profile, abilities: Collection[str]) -> Answer:
    levers = profile.hardware.levers.named().values()
    if any(lever.emulated for lever in levers):
        return "the levers of the profile change emulated hardware, which these nodes have not"
    return "" if "exec" in abilities else _access(profile, abilities)


# What is asked when the nodes do not have the ability by themselves.
_INSTEAD: Mapping[str, Reason] = {
    "exec": _access,
    "files": _access,
    "components": _restart,
    "reboot": _reboot,
    "hardware": _hardware,
    "outage": _never("the nodes are not ours to take away from their cluster"),
    "api-server": _never("the API server is not ours to pause"),
    "network": _never("the node's network is not ours to cut, or it is the API server's own node"),
    "folders": _never("the node's folders are not ours to fill or to make read-only"),
    "clock": _never("the clock of these nodes is the machine's; no provider can step it"),
}
# What a need is met by, where it is no ability itself: nodes whose files this machine opens have
# their emulated hardware here too, and only where kubelets are ours the nodes are.
_MET_BY = {"hardware": "paths", "outage": "components"}


def lacking(needs: tuple[str, ...], profile: Profile, abilities: Collection[str]) -> Answer:
    """Give the reason why a requirement with these needs of a node is not applicable, "" if it is.

    Raises SuiteError for a need that nobody defined.
    """
    for need in needs:
        if need not in _INSTEAD:
            raise SuiteError(f"the catalogue names the unknown need of a node {need!r}")
        reason = "" if _MET_BY.get(need, need) in abilities else _INSTEAD[need](profile, abilities)
        if reason:
            return reason
    return ""
