"""What the driver's identity may do, and who may use its sockets."""

import stat
from pathlib import Path

from drawplate.conformance.bench.claim_desk import Claim
from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.rights import Rights, shielded
from drawplate.conformance.bench.stage import Stage
from drawplate.conformance.covers import covers


@covers("SEC-01")
def test_claims_are_read_one_by_one(kubelet: Kubelet, claim: Claim, rights: Rights) -> None:
    outcome = kubelet.prepare(claim)

    assert outcome.ok, f"with the rights of its own role: {outcome.problem}"
    surplus = [verb for verb in ("list", "watch") if rights.may(verb, "resourceclaims")]
    assert not surplus, f"the role also grants {surplus} on resourceclaims"


@covers("SEC-02")
def test_slices_of_other_nodes_are_out_of_reach(kubelet: Kubelet, rights: Rights) -> None:
    refused = rights.try_slice_of("another-node")

    assert refused, "the driver's token could create a ResourceSlice of another node"


@covers("SEC-04")
def test_allocation_is_out_of_reach(kubelet: Kubelet, rights: Rights) -> None:
    granted = [
        f"{verb} {resource}"
        for verb in ("update", "patch")
        for resource in ("resourceclaims/binding",)
        if rights.may(verb, resource)
    ]

    assert not granted, f"the role grants {granted}"


@covers("SEC-07")
def test_sockets_are_private(bench: Stage, kubelet: Kubelet) -> None:
    registration = kubelet.registered()
    sockets = {Path(registration.socket), Path(registration.endpoint)}

    # Only what the driver makes counts: the kubelet's folders are private on a real node, but the
    # driver's own folder and its sockets have the modes that the driver gave them.
    open_to_all = [
        path.name
        for path in sockets
        if path.stat().st_mode & stat.S_IWOTH and not shielded(path, bench.node.paths.root)
    ]
    assert not open_to_all, f"anybody may connect to {open_to_all}"
