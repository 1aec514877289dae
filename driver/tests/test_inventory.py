"""How devices look in a slice."""

from dataclasses import replace

from drawplate.driver.attributes import flag, integer, quantity, semantic_version, string
from drawplate.driver.inventory import describe
from drawplate.driver.tests.fakes import make_device


def test_a_device_has_its_name_attributes_and_capacity() -> None:
    assert describe([make_device(3)]) == [
        {
            "name": "dev-3",
            "attributes": {"uuid": {"string": "UUID-3"}},
            "capacity": {"memory": {"value": "80Gi"}},
        }
    ]


def test_a_device_without_capacity_does_not_have_an_empty_one() -> None:
    assert "capacity" not in describe([replace(make_device(3), capacity={})])[0]


def test_values_have_the_types_of_the_api() -> None:
    assert string("x" * 70) == {"string": "x" * 64}
    assert integer(3) == {"int": 3}
    assert flag(1) == {"bool": True}


def test_versions_become_semantic_versions() -> None:
    assert semantic_version("580.95.05") == "580.95.5"
    assert semantic_version("13.0") == "13.0.0"
    assert semantic_version("r7-beta2.1.4.9") == "7.2.1"
    assert semantic_version("") == "0.0.0"


def test_quantities_are_written_as_the_api_server_writes_them_back() -> None:
    assert quantity(81559 * 2**20) == "81559Mi"
    assert quantity(80 * 2**30) == "80Gi"
    assert quantity(1023) == "1023"
    assert quantity(0) == "0"
