"""Which slices concern a node."""

from typing import Any

import pytest

from drawplate.conformance.bench.nodes import NodeFacts, concerns

HERE = NodeFacts("here", {"rack": "1"})


def selector(value: str) -> dict[str, Any]:
    rack = {"key": "rack", "operator": "In", "values": [value]}
    return {"nodeSelector": {"nodeSelectorTerms": [{"matchExpressions": [rack]}]}}


@pytest.mark.parametrize(
    ("spec", "does"),
    [
        ({"nodeName": "here"}, True),
        ({"nodeName": "there"}, False),
        ({"allNodes": True}, True),
        (selector("1"), True),
        (selector("2"), False),
        ({"nodeName": "there", "sharedCounters": [{"name": "memory"}]}, False),
        ({"perDeviceNodeSelection": True, "devices": [selector("2"), {"nodeName": "here"}]}, True),
        ({"perDeviceNodeSelection": True, "devices": [selector("2")]}, False),
        # Counters of such a pool are those of devices in its other slices.
        ({"perDeviceNodeSelection": True, "sharedCounters": [{"name": "memory"}]}, True),
    ],
)
def test_slices_concern_the_nodes_that_they_select(spec: dict[str, Any], does: bool) -> None:  # noqa: FBT001 - a table's column
    assert concerns(spec, HERE) is does
