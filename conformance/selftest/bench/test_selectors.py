"""Selectors: plain forms without a library, the whole of CEL with one."""

import importlib.util

import pytest

from drawplate.conformance.bench import quantities
from drawplate.conformance.bench.pools import Device, DeviceKey
from drawplate.conformance.bench.selectors import CelSelectors, PlainSelectors
from drawplate.conformance.problems import Inconclusive

ENTRY = {
    "name": "gpu-0",
    "attributes": {
        "model": {"string": "big"},
        "index": {"int": 3},
        "healthy": {"bool": True},
        "firmware": {"version": "1.10.0-rc.1"},
        "other.io/links": {"strings": ["a", "b"]},
    },
    "capacity": {"memory": {"value": "80Gi"}},
}
DEVICE = Device(DeviceKey("gpu.example", "pool", "gpu-0"), ENTRY, {})
with_library = pytest.mark.skipif(
    importlib.util.find_spec("cel_expr_python") is None, reason="cel-expr-python is not installed"
)


@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ('device.driver == "gpu.example"', True),
        ("device.driver=='other'", False),
        (" true ", True),
        ("false", False),
    ],
)
def test_plain_forms_need_no_library(expression: str, *, matches: bool) -> None:
    assert PlainSelectors().matches(expression, DEVICE) is matches


def test_other_forms_name_the_cure() -> None:
    with pytest.raises(Inconclusive, match="pip install cel-expr-python"):
        PlainSelectors().matches('device.attributes["gpu.example"].index > 2', DEVICE)


@with_library
@pytest.mark.parametrize(
    ("expression", "matches"),
    [
        ('device.driver == "gpu.example"', True),
        ('device.attributes["gpu.example"].model == "big"', True),
        ('device.attributes["gpu.example"].index > 3', False),
        ('"a" in device.attributes["other.io"].links', True),
        ('has(device.attributes["nobody.io"].x)', False),
        ('device.attributes["gpu.example"].?x.orValue("none") == "none"', True),
        ('cel.bind(a, device.attributes["gpu.example"], a.healthy && a.index == 3)', True),
        ('device.capacity["gpu.example"].memory.compareTo(quantity("40Gi")) >= 0', True),
        ('device.capacity["gpu.example"].memory == quantity("85899345920")', True),
        ('device.capacity["gpu.example"].memory.isLessThan(quantity("1Ti"))', True),
        ('device.attributes["gpu.example"].firmware.isGreaterThan(semver("1.9.0"))', True),
        ('device.attributes["gpu.example"].firmware.isLessThan(semver("1.10.0"))', True),
        ('device.attributes["gpu.example"].firmware.compareTo(semver("1.10.0-rc.2")) < 0', True),
        ("device.allowMultipleAllocations", False),
    ],
)
def test_cel_has_the_variables_and_functions_of_kubernetes(
    expression: str, *, matches: bool
) -> None:
    assert CelSelectors().matches(expression, DEVICE) is matches


@with_library
@pytest.mark.parametrize(
    "expression", ['device.attributes["gpu.example"].none == 1', "device.driver", "1 +", "x == 1"]
)
def test_what_the_scheduler_would_refuse_is_inconclusive(expression: str) -> None:
    with pytest.raises(Inconclusive):
        CelSelectors().matches(expression, DEVICE)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1", "1"), ("1.5", "1.5"), ("500m", "0.5"), ("2k", "2000"), ("2Ki", "2048"),
     ("1Gi", "1073741824"), ("1e3", "1000"), ("1E", "1000000000000000000"), (".5", "0.5"),
     ("-3u", "-0.000003"), ("4E2", "400")],
)  # fmt: skip
def test_quantities_are_exact(text: str, number: str) -> None:
    assert quantities.parse(text) == quantities.parse(number)
    assert f"{quantities.parse(text).normalize():f}" == number


@pytest.mark.parametrize("text", ["", "Gi", "1 Gi", "1gi", "1KiB", "e3", "--1"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"quantity|suffix"):
        quantities.parse(text)
