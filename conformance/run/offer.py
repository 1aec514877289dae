"""What the Kubernetes of a run offers, as its minor and its feature gates make it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from drawplate.conformance.catalogue import Requirement
from drawplate.fixtures.clusters.provider import ClusterSpec
from drawplate.fixtures.clusters.versions_table import (
    GROUP,
    MinorFacts,
    closest,
    facts,
    minor_of,
    numbers,
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a cluster offers to requirements.

    `gates` are those that it knows, on or off; `services` what its kubelets call; `apis` the
    served versions of resource.k8s.io; `source` says in words where the gates come from.
    """

    minor: str
    gates: Mapping[str, bool]
    services: Collection[str]
    apis: Collection[str]
    source: str

    @classmethod
    def of(cls, spec: ClusterSpec) -> "Offer":
        """Give what such a cluster offers.

        Of a cluster that others made it is known what its minor has when nobody changes anything.
        Raises SetupProblem for a version or a set of gates that does not exist.
        """
        if spec.provider == "existing":
            known = closest(spec.kubernetes)
            return cls._by(known, minor_of(spec.kubernetes), "default", {})
        known = facts(spec.kubernetes)
        return cls._by(known, known.minor, spec.gates, spec.feature_gates)

    @classmethod
    def _by(cls, known: MinorFacts, minor: str, gates: str, single: Mapping[str, bool]) -> "Offer":
        return cls(
            minor=minor,
            gates={gate: known.is_on(gate, gates, single) for gate in known.gates},
            services=known.services,
            apis=[api for api in known.apis.all if known.serves(api, gates)],
            source=f"with the gate set {gates}",
        )

    def lacks(self, requirement: Requirement) -> str:
        """Give the reason why a requirement does not apply here, "" when it does."""
        name = f"Kubernetes {self.minor}"
        if numbers(self.minor) < numbers(requirement.since):
            return f"the rule exists since Kubernetes {requirement.since}; this is {self.minor}"
        for gate in requirement.kubernetes.gates:
            if gate not in self.gates:
                return f"{name} has no feature gate {gate}"
            if not self.gates[gate]:
                return f"the feature gate {gate} is off in {name} {self.source}"
        for service in requirement.kubernetes.services:
            if service not in self.services:
                return f"the kubelet of {name} does not call {service}"
        for api in requirement.kubernetes.apis:
            if api not in self.apis:
                return f"{name} does not serve {GROUP}/{api} {self.source}"
        return ""
