"""What connects the devices of a machine with each other: NVLink, and the interconnect of TPUs."""

import math
import re
from typing import Annotated, Literal

from pydantic import Field, model_validator

from drawplate.emulators.located import Part, require, written


class Ici(Part):
    """The slice that a TPU host is part of, and which of its hosts it is."""

    # Chips along each dimension of the whole slice, `2x2x1`.
    topology: Annotated[str, written(r"\d{1,3}(x\d{1,3}){1,2}", "2x2x1")]
    worker: int = Field(default=0, ge=0)
    resilient: bool = False

    @property
    def dimensions(self) -> tuple[int, ...]:
        """Chips along each dimension."""
        return tuple(int(size) for size in self.topology.split("x"))

    @property
    def chips(self) -> int:
        """Chips of the whole slice."""
        return math.prod(self.dimensions)


class Fabric(Part):
    """NVLink between the GPUs of a node and its NVLink domain; the interconnect of its TPUs."""

    # all-to-all: through switches; pairs: bridges between neighbours, 0-1, 2-3, …
    nvlink: Literal["none", "pairs", "all-to-all"] = "none"
    # Of an NVLink domain of several nodes: the same for all nodes of one machine file.
    cluster_uuid: str | None = None
    clique: int = Field(default=0, ge=0, lt=2**32)
    ici: Ici | None = None

    @model_validator(mode="after")
    def _domain_is_named(self) -> "Fabric":
        hexes = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
        require(
            self.cluster_uuid in {None, "derived"} or re.fullmatch(hexes, self.cluster_uuid or ""),
            f"cluster_uuid {self.cluster_uuid!r} is no UUID",
            "write `cluster_uuid: derived`, or 32 hexadecimal digits with four dashes",
            key="cluster_uuid",
        )
        require(
            self.cluster_uuid is None or self.nvlink == "all-to-all",
            "an NVLink domain needs switches",
            "write `nvlink: all-to-all`, or leave cluster_uuid out",
            key="cluster_uuid",
        )
        return self


def host_bounds(chips: int, dimensions: int) -> tuple[int, ...] | None:
    """Give how so many TPU chips of one host lie in the slice, or None where they cannot.

    The rule is of Cloud TPU's machine types: 1, 1x2, 2x2 and 2x4, and one layer in 3D.
    """
    flat = {1: (1, 1), 2: (1, 2), 4: (2, 2), 8: (2, 4)}.get(chips)
    return (*flat, 1)[:dimensions] if flat else None
