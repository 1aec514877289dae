"""What the data file says of attributes, and the numbers that people write to sysfs."""

import functools
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import yaml

from drawplate.emulators.refusals import Reason, Refused


@functools.cache
def tables() -> Mapping[str, Any]:
    """Give the data file."""
    path = files("drawplate.emulators.sysfs") / "attributes.yaml"
    found: Mapping[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return found


def stripped(text: str) -> str:
    """Give what was written without what may follow it: a newline, or what C takes as the end."""
    return text.partition("\0")[0].removesuffix("\n")


def number(text: str) -> int:
    """Read a number as the kernel's kstrtoul does: decimal, 0x or 0, a newline may follow.

    Raises Refused(INVALID), which is EINVAL.
    """
    written = stripped(text)
    digits = written.removeprefix("+")
    try:
        if digits[:2].lower() == "0x":
            return int(digits, 16)
        if digits.isdigit():
            return int(digits, 8 if digits.startswith("0") and digits != "0" else 10)
    except ValueError:
        pass
    raise Refused(Reason.INVALID, f"{written!r} is no number")


def flag(text: str) -> bool:
    """Read a number as a truth."""
    return number(text) != 0
