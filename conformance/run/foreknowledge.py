"""What is known of somebody else's cluster before it is used: enough to plan what applies."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from drawplate.conformance.catalogue import Height
from drawplate.conformance.run.ground import Wish
from drawplate.conformance.run.offer import Offer
from drawplate.fixtures.clusters import providers
from drawplate.fixtures.clusters.provider import ABILITIES, ClusterSpec


@dataclass(frozen=True, slots=True)
class Foreknowledge:
    """`abilities` are what can be done with the nodes of the cluster.

    Of somebody else's cluster `found` is how it is used, with the version that it has, and `gates`
    are its feature gates as served; there are none when they are not ours to read.
    """

    abilities: frozenset[str] = ABILITIES
    found: ClusterSpec | None = None
    gates: Mapping[str, bool] = field(default_factory=dict)

    def correct(self, offers: Mapping[Height, Offer]) -> dict[Height, Offer]:
        """Give what each height offers, of the cluster what it tells itself."""
        made = dict(offers)
        if self.found and "cluster" in made:
            offer = Offer.of(self.found)
            if self.gates:
                offer = replace(offer, gates=self.gates, source="as its API server tells")
            made["cluster"] = offer
        return made


def foresee(wish: Wish) -> Foreknowledge:
    """Ask the cluster of a wish, unless it is one of ours: those are as they are wished.

    Raises SetupProblem.
    """
    named = providers.find(wish.cluster) if wish.cluster else None
    spec = named.spec if named else wish.spec
    if spec.provider != "existing" or "cluster" not in wish.heights:
        return Foreknowledge()
    # Only who certifies on somebody's cluster needs what this imports.
    from drawplate.fixtures.clusters.existing import gates, lifecycle, preflight  # noqa: PLC0415

    facts = preflight.examine(spec)
    with preflight.connected(facts.choice) as api:
        served = gates.of_server(api)
    found = replace(spec, kubernetes=facts.server.minor, nodes=len(facts.nodes))
    return Foreknowledge(lifecycle.abilities(spec), found, served)
