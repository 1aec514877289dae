"""A claim that pods on several nodes can use: what network-attached devices are for."""

from collections.abc import Sequence
from dataclasses import dataclass

from drawplate.conformance.bench.nodes import reaches
from drawplate.conformance.cluster.claim import Claim
from drawplate.conformance.cluster.pod import Pod
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.cluster.stagenode import StageNode
from drawplate.conformance.problems import Inconclusive


@dataclass(frozen=True, slots=True)
class SharedClaim:
    """An allocated claim with its first user; `others` are further nodes that may use it.

    `home` is the node of the first user, which may not run yet.
    """

    claim: Claim
    first: Pod
    home: StageNode
    others: Sequence[StageNode]


def share(stage: Stage) -> SharedClaim:
    """Have a pod scheduled with a claim whose devices several nodes reach, of all that can be had.

    Raises Inconclusive when the scheduler allocates none of that kind.
    """
    # Among all devices there may be some that one node alone reaches.
    for need in dict.fromkeys((stage.widest_need(), "one")):
        claim = stage.claim(need)
        first = stage.pod(claim, on=stage.nodes).scheduled()
        home = stage.node_of(first)
        others = [node for node in stage.nodes if node != home and _admits(claim, node)]
        if others:
            return SharedClaim(claim, first, home, others)
        _free(claim, first)
    raise Inconclusive("every claim was allocated for a single node")


def _free(claim: Claim, user: Pod) -> None:
    user.delete_and_wait()
    if not claim.becomes_free():
        raise Inconclusive(f"claim {claim.name} is still allocated, and nobody uses it")


def _admits(claim: Claim, node: StageNode) -> bool:
    """Say whether the allocation may be used on the node; without a selector on any."""
    selector = claim.object().get("status", {}).get("allocation", {}).get("nodeSelector")
    return selector is None or reaches({"nodeSelector": selector}, node.facts)
