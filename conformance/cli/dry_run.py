"""`drawplate certify --dry-run`: what would be created on a cluster of somebody else."""

from typing import TYPE_CHECKING

from drawplate.emulators.problems import SetupProblem

if TYPE_CHECKING:
    from drawplate.conformance.profile.model import Profile
    from drawplate.fixtures.clusters.provider import ClusterSpec


def print_plan(profile: "Profile", spec: "ClusterSpec") -> int:
    """Print every object that would be created; nothing is. Raises SetupProblem."""
    if spec.provider != "existing":
        raise SetupProblem(
            "only on an existing cluster there is something to be careful about",
            where="--dry-run",
            cure="add --provider existing, or leave --dry-run out: other clusters are ours alone",
        )
    from drawplate.conformance.cluster.intended import plan_of_objects, title_of
    from drawplate.fixtures.clusters.existing.preflight import examine

    facts = examine(spec)
    print(f"on {facts.server.address} (Kubernetes {facts.server.version}) would be created,")
    print("each with the label drawplate.dev/cluster, by which `drawplate down` finds it again:")
    for entry in plan_of_objects(profile, spec, facts.nodes):
        print(f"  {title_of(entry)}")
    print("a namespace with … for each test, and what stands in it as the test needs it;")
    print(f"pods of tests run on: {', '.join(facts.nodes)}")
    return 0
