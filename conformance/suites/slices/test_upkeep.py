"""ResourceSlices over time: kept as they must be, and only written when something changes."""

import pytest

from drawplate.conformance.bench.claim_desk import Claim
from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.slice_view import SliceView
from drawplate.conformance.bench.stage import Stage
from drawplate.conformance.covers import covers
from drawplate.conformance.problems import Inconclusive

# L resourceslice/resourceslicecontroller.go: the helper library waits 30 s before it restores.
RESTORED_WITHIN = 40.0
# Long enough for a periodic writer to show itself, short enough for a test.
QUIET_SECONDS = 5.0


@pytest.mark.fresh
@covers("SLC-19")
def test_deleted_slice_comes_back(bench: Stage, kubelet: Kubelet, slices: SliceView) -> None:
    published = slices.content()
    slices.wipe()
    restored = slices.become(published, within=RESTORED_WITHIN)

    assert restored, f"{RESTORED_WITHIN:.0f} s later: {slices.content()}"


@pytest.mark.fresh
@covers("SLC-19b")
def test_edited_slice_is_put_right(kubelet: Kubelet, slices: SliceView) -> None:
    published = slices.content()
    victim = next((one for one in slices.all() if one["spec"].get("devices")), None)
    if victim is None:
        raise Inconclusive("no slice has devices")
    slices.rename_first_device(victim)

    restored = slices.become(published, within=RESTORED_WITHIN)

    assert restored, f"{RESTORED_WITHIN:.0f} s later: {slices.content()}"


@covers("SLC-23")
def test_nothing_is_written_without_cause(
    kubelet: Kubelet, claim: Claim, slices: SliceView
) -> None:
    slices.all()
    kubelet.prepared(claim)

    writes = slices.writes(during=QUIET_SECONDS)

    assert not writes, f"{len(writes)} writes in {QUIET_SECONDS:.0f} s without a change"


@pytest.mark.fresh
@covers("SLC-29")
def test_names_survive_a_restart(bench: Stage, kubelet: Kubelet, slices: SliceView) -> None:
    before = {device["name"]: device.get("attributes") for device in slices.devices()}

    bench.driver.kill()
    slices.wipe()
    bench.start_again()
    slices.settled_count(above=0, within=RESTORED_WITHIN)

    after = {device["name"]: device.get("attributes") for device in slices.devices()}
    assert after == before, "names or attributes changed with the restart"
