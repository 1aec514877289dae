"""The published schema is the model's, and it judges as the model does."""

import json
from pathlib import Path

from drawplate.conformance.profile.load import shipped
from drawplate.conformance.profile.schema import part_of, schema, schema_text


def published() -> Path:
    return next(iter(shipped().values())).parent / "schema.json"


def test_published_schema_equals_the_model() -> None:
    """`drawplate profile schema >fixtures/profiles/schema.json` mends a difference."""
    assert published().read_text(encoding="utf-8") == schema_text()


def test_published_schema_is_json() -> None:
    assert json.loads(schema_text())["title"] == "Drawplate driver profile"


def test_unknown_keys_are_refused_everywhere() -> None:
    objects = [entry for entry in schema()["$defs"].values() if entry.get("type") == "object"]

    assert objects
    assert all(entry["additionalProperties"] is False for entry in objects)


def test_every_key_has_its_purpose() -> None:
    bare = [
        f"{name}.{key}"
        for name, entry in schema()["$defs"].items()
        for key, part in entry.get("properties", {}).items()
        if not part.get("description")
    ]

    assert bare == []


def test_part_of_a_path_is_found_through_lists_and_references() -> None:
    part = part_of(("requests", 0, "expect", "devices"))

    assert "How many devices" in part["description"]


def test_part_of_an_unknown_path_is_empty() -> None:
    assert part_of(("nowhere", "at", "all")) == {}
