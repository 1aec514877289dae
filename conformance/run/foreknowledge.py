"""What is known of a run's cluster before it is made: enough to plan what applies."""

from collections.abc import Collection

from drawplate.conformance.run.ground import Wish
from drawplate.fixtures.clusters import providers
from drawplate.fixtures.clusters.provider import ABILITIES, Cluster


def foresee(wish: Wish) -> tuple[str, Collection[str]]:
    """Give the version of Kubernetes, and what can be done with the nodes.

    Clusters of ours are as they are wished; one of somebody else is asked. Raises SetupProblem.
    """
    found: Cluster | None = providers.find(wish.cluster) if wish.cluster else None
    if found is not None:
        nodes = found.nodes
        return found.spec.kubernetes, nodes[0].abilities if nodes else ABILITIES
    if wish.spec.provider != "existing" or "cluster" not in wish.heights:
        return wish.spec.kubernetes, ABILITIES
    # Only who certifies on somebody's cluster needs what this imports.
    from drawplate.fixtures.clusters.existing import lifecycle, preflight  # noqa: PLC0415

    return preflight.examine(wish.spec).server.minor, lifecycle.abilities(wish.spec)
