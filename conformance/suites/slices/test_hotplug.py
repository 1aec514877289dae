"""Devices that come and go while the driver runs."""

import pytest

from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.slice_view import SliceView
from drawplate.conformance.bench.stage import Stage
from drawplate.conformance.covers import covers
from drawplate.conformance.drivers.levers import pull
from drawplate.conformance.problems import Inconclusive

NOTICED_WITHIN = 40.0


@pytest.mark.fresh
@covers("P6")
def test_plugged_device_is_published(bench: Stage, kubelet: Kubelet, slices: SliceView) -> None:
    before = len(slices.devices())
    pull(bench.driver, "unplug")
    fewer = slices.settled_count(below=before, within=NOTICED_WITHIN)
    if fewer >= before:
        raise Inconclusive("the device that was unplugged first is still published")

    pull(bench.driver, "replug")
    more = slices.settled_count(above=fewer, within=NOTICED_WITHIN)

    assert more > fewer, f"{fewer} devices are published after one was plugged in"


@pytest.mark.fresh
@covers("FLT-41")
def test_unplugged_device_is_withdrawn(bench: Stage, kubelet: Kubelet, slices: SliceView) -> None:
    usable = slices.usable()

    pull(bench.driver, "unplug")
    left = slices.usable_become(fewer_than=usable, within=NOTICED_WITHIN)

    assert len(left) < len(usable), f"still published without a taint: {sorted(left)}"
