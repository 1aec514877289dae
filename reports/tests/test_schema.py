"""The published schema is that of the model, and says no to what is no report."""

import json
from pathlib import Path
from typing import Any

import pytest

from drawplate.reports.schema import export, published
from drawplate.reports.tests.samples import names
from drawplate.reports.tests.schema_check import faults


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(published())
    return content


@pytest.fixture
def raw(samples: dict[str, Path]) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((samples["not-conformant"] / "report.json").read_text())
    return content


def test_the_published_schema_is_that_of_the_model() -> None:
    assert published() == export(), "write it anew: python -m drawplate.reports.schema"


@pytest.mark.parametrize("name", names())
def test_every_sample_is_valid(name: str, samples: dict[str, Path], schema: dict[str, Any]) -> None:
    raw = json.loads((samples[name] / "report.json").read_text())

    assert faults(raw, schema, schema) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("verdict", "ok"),
        ("format", "drawplate.report/v2"),
        ("requirements", [{"id": "PRE-07"}]),
        ("reasons", [""]),
        ("unheard-of", 1),
        ("counts", {"attic": {}}),
    ],
)
def test_what_is_no_report_is_refused(
    place: str, value: Any, raw: dict[str, Any], schema: dict[str, Any]
) -> None:
    assert faults(raw | {place: value}, schema, schema)


def test_a_missing_part_is_refused(raw: dict[str, Any], schema: dict[str, Any]) -> None:
    for name in list(raw):
        assert faults({k: v for k, v in raw.items() if k != name}, schema, schema), name


def test_every_property_that_is_not_obvious_is_described(schema: dict[str, Any]) -> None:
    undescribed = [name for name, part in schema["$defs"].items() if not part.get("description")]

    assert undescribed == []
