"""The JSON Schema of profiles: what editors check while one is written."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from drawplate.conformance.profile.findings import KeyPath
from drawplate.conformance.profile.model import Profile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def schema() -> Mapping[str, Any]:
    """Give the JSON Schema of a profile."""
    made = Profile.model_json_schema(by_alias=True)
    return {"$schema": DIALECT} | made | {"title": "Drawplate driver profile"}


def schema_text() -> str:
    """Give the schema as it is published in fixtures/profiles/schema.json."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def part_of(path: KeyPath) -> Mapping[str, Any]:
    """Give the schema of the value at `path`; empty where anything goes or nothing belongs."""
    part = _resolve(schema())
    for step in path:
        if isinstance(step, int):
            part = _resolve(part.get("items", {}))
        else:
            inside = part.get("properties", {}).get(step, part.get("additionalProperties"))
            part = _resolve(inside if isinstance(inside, Mapping) else {})
    return part


def _resolve(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references and drop the null of optional values; keep the nearest description."""
    description = part.get("description")
    while True:
        choices = [entry for entry in part.get("anyOf", []) if entry.get("type") != "null"]
        if "$ref" in part:
            part = schema()["$defs"][part["$ref"].rsplit("/", 1)[1]]
        elif len(choices) == 1:
            part = choices[0]
        else:
            break
        description = description or part.get("description")
    return dict(part) | ({"description": description} if description else {})
