"""What the Kubernetes of a run offers, as its minor and its feature gates make it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from drawplate.conformance.catalogue import Requirement
from drawplate.fixtures.clusters.provider import ClusterSpec
from drawplate.fixtures.clusters.versions_table import (
    GROUP,
    MinorFacts,
    closest,
    facts,
    flaws,
    minor_of,
    numbers,
)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a cluster offers to requirements.

    `gates` are those that it knows, on or off; `services` what its kubelets call; `apis` the
    served versions of resource.k8s.io; `source` says in words where the gates come from. `nodes` is
    how many nodes there are to test on.
    """

    minor: str
    gates: Mapping[str, bool]
    services: Collection[str]
    apis: Collection[str]
    source: str
    nodes: int = 1

    @classmethod
    def of(cls, spec: ClusterSpec) -> "Offer":
        """Give what such a cluster offers.

        Of a cluster that others made it is known what its minor has when nobody changes anything.
        Raises SetupProblem for a version or a set of gates that does not exist.
        """
        if spec.provider == "existing":
            known = closest(spec.kubernetes)
            found = cls._by(known, minor_of(spec.kubernetes), "default", {})
        else:
            known = facts(spec.kubernetes)
            found = cls._by(known, known.minor, spec.gates, spec.feature_gates)
        return replace(found, nodes=spec.nodes)

    @classmethod
    def _by(cls, known: MinorFacts, minor: str, gates: str, single: Mapping[str, bool]) -> "Offer":
        return cls(
            minor=minor,
            gates={gate: known.is_on(gate, gates, single) for gate in known.gates},
            services=known.services,
            apis=[api for api in known.apis.all if known.serves(api, gates)],
            source=f"with the gate set {gates}",
        )

    def puts_out_of_reach(self, requirement: Requirement) -> str:
        """Give the reason why no driver can be tried for a requirement here, "" when it can.

        Too few nodes, or a defect of this Kubernetes.
        """
        if self.nodes < requirement.nodes:
            there = "1 node" if self.nodes == 1 else f"{self.nodes} nodes"
            return f"it takes {requirement.nodes} nodes to see; this cluster has {there}"
        return self._flaw(requirement.spoiled_by)

    def _flaw(self, names: Collection[str]) -> str:
        known = flaws()
        for flaw in (known[name] for name in names):
            on = next((gate for gate in flaw.gates if self.gates.get(gate)), "")
            if self.minor in flaw.minors and (on or not flaw.gates):
                where = f" with {on}" if on else ""
                return f"Kubernetes {self.minor}{where}: {flaw.reason}"
        return ""

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
