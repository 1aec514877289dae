"""Which device a test selects, and by which expression."""

from typing import Any

import pytest

from drawplate.conformance.cluster.selection import rare_device
from drawplate.conformance.problems import Inconclusive


def pool(**devices: dict[str, Any]) -> dict[str, Any]:
    return {"p": {"devices": {name: {"attributes": given} for name, given in devices.items()}}}


def test_device_with_a_value_of_its_own_is_found() -> None:
    content = pool(
        a={"model": {"string": "X"}, "index": {"int": 0}},
        b={"model": {"string": "X"}, "index": {"int": 1}},
    )

    found = rare_device(content, "gpu.example")

    assert (found.pool, found.device) == ("p", "b")
    assert found.selector == 'device.attributes["gpu.example"].index == 1'


def test_domain_of_the_attribute_is_kept() -> None:
    found = rare_device(pool(a={"other.example/id": {"string": "q"}}), "gpu.example")

    assert found.selector == 'device.attributes["other.example"].id == "q"'


def test_kinds_with_operators_of_their_own_are_left_out() -> None:
    content = pool(a={"driverVersion": {"version": "1.0.0"}}, b={})

    with pytest.raises(Inconclusive):
        rare_device(content, "gpu.example")


def test_values_that_several_devices_have_tell_none() -> None:
    with pytest.raises(Inconclusive):
        rare_device(pool(a={"on": {"bool": True}}, b={"on": {"bool": True}}), "gpu.example")
