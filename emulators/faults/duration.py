"""Spans of time as people write them: `200ms`, `10s`, `5m`, `1.5h`, or seconds without a unit."""

import re

from drawplate.emulators.problems import SetupProblem

_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "": 1.0}
_SPAN = re.compile(r"(\d+(?:\.\d+)?)\s*(us|ms|s|m|h|)")


def seconds(text: str | float) -> float:
    """Give the seconds that `text` says. Raises SetupProblem when it says none."""
    found = _SPAN.fullmatch(str(text).strip())
    if found is None:
        raise SetupProblem(
            f"{text!r} is not a span of time", cure="write it as 200ms, 10s, 5m or 1.5h"
        )
    return float(found[1]) * _SECONDS[found[2]]
