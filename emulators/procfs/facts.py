"""Facts about the NVIDIA kernel module that do not depend on the machine: read once."""

import functools
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from drawplate.emulators.devices import nvidia

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State


@functools.cache
def facts() -> dict[str, Any]:
    """Give the content of nvidia.yaml."""
    text = files("drawplate.emulators.procfs").joinpath("nvidia.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def branch(state: "State") -> int:
    """Give the driver's branch: 580 of 580.95.05."""
    first = nvidia.version(state).partition(".")[0]
    return int(first) if first.isdigit() else 0
