"""The mutants by name: what is wrong with each, where the bug is known from, and who finds it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

from drawplate.conformance import catalogue


@dataclass(frozen=True, slots=True)
class Mutant:
    """One defect of the reference driver, of the family that it shows in.

    `origin` names the public bug, if there is one.
    """

    name: str
    defect: str
    origin: str = ""
    family: Literal["gpu", "fabric"] = "gpu"

    @property
    def profile(self) -> str:
        """Give the name of the profile of the driver without the defect."""
        return "reference" if self.family == "gpu" else f"reference-{self.family}"

    @property
    def rights(self) -> bool:
        """Say whether the defect is one of the driver's rights, not of its process."""
        return self.name.startswith(("role-", "policy-"))

    @property
    def finders(self) -> frozenset[str]:
        """Give the IDs of the requirements that must fail."""
        entries = catalogue.load().values()
        return frozenset(entry.id for entry in entries if self.name in entry.mutants)


@cache
def load() -> Mapping[str, Mutant]:
    """Give all mutants by name."""
    file = files("drawplate.conformance.selftest.mutants") / "mutants.yaml"
    data = yaml.safe_load(file.read_text(encoding="utf-8"))
    return {name: Mutant(name, **fields) for name, fields in data.items()}


def names() -> frozenset[str]:
    """Give the names of all mutants."""
    return frozenset(load())
