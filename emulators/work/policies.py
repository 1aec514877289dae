"""The numbers and names that emulated work goes by; see policies.yaml."""

import functools
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from drawplate.emulators.located import Part, read


class Error(Part):
    """An error as CUDA numbers and names it."""

    cuda: int
    name: str
    about: str


class Policies(Part):
    """The whole file."""

    timeslices_us: Mapping[int, int]
    switch_us: int
    errors: Mapping[str, Error]
    mps_clients: int
    window_ms: int
    thermal_seconds: float
    full_power: float


@functools.cache
def policies() -> Policies:
    """Give the policies."""
    path = Path(str(files("drawplate.emulators"))) / "work" / "policies.yaml"
    return read(path, Policies)


class WorkError(Exception):
    """Work that a device refuses or that failed; `code` is one of the policies' errors."""

    def __init__(self, code: str, text: str = "") -> None:
        """Keep the code, and one sentence for people."""
        self.code = code if code in policies().errors else "LAUNCH_FAILED"
        self.error = policies().errors[self.code]
        super().__init__(text or self.error.about)

    def describe(self) -> dict[str, object]:
        """Give it as JSON."""
        return {
            "code": self.code,
            "cuda": self.error.cuda,
            "name": self.error.name,
            "what": str(self),
        }
