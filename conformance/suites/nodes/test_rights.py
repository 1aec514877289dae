"""What the driver's own token on one node may do to the slices of another."""

from drawplate.conformance.alone import alone
from drawplate.conformance.cluster.stage import Stage
from drawplate.conformance.covers import covers


@covers("NOD-10")
@alone("cluster")
def test_slices_of_another_node_are_out_of_reach(cluster: Stage) -> None:
    own, other = cluster.nodes[:2]
    with cluster.rights_on(own) as rights:
        rights.require_own_slices(own.name, own.driver.slices.current())

        done = rights.try_all(other.name, other.driver.slices.current())

    assert not done, f"the token of {own.name} could {', '.join(done)} slices of {other.name}"
