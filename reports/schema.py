"""The published JSON Schema of `report.json`; `python -m drawplate.reports.schema` prints it."""

import json
import sys
from importlib.resources import files
from typing import Any

from drawplate.reports.model import Report


def export() -> str:
    """Give the schema of what the model writes, as the text of `schema.json`."""
    head: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:drawplate:report:v1",
    }
    # Of what is written, not of what is read: a written report has every key.
    body = Report.model_json_schema(mode="serialization")
    return json.dumps(head | body, indent=2, ensure_ascii=False) + "\n"


def published() -> str:
    """Give the text of the `schema.json` that is part of the package."""
    return (files("drawplate.reports") / "schema.json").read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.stdout.write(export())
