"""The mark by which a cluster test says what it needs for itself; leases keep such tests apart."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeVar

import pytest

from drawplate.conformance.problems import SuiteError

Test = TypeVar("Test", bound=Callable[..., object])
Part = Literal["cluster", "node", "driver", "devices"]
PARTS: tuple[Part, ...] = ("cluster", "node", "driver", "devices")
"""What can be needed alone. Whoever has one of them alone has those after it alone too."""


@dataclass(frozen=True, slots=True)
class Alone:
    """What a test needs alone: a part, or `devices` of the devices of a node (0: all of them)."""

    part: Part = "cluster"
    devices: int = 0

    @property
    def shares_devices(self) -> bool:
        """Say whether other tests may use other devices of the node meanwhile."""
        return self.part == "devices" and self.devices > 0

    def has(self, part: Part) -> bool:
        """Say whether the part is the test's alone."""
        return not self.shares_devices and PARTS.index(self.part) <= PARTS.index(part)


# A test that says nothing may do anything.
EVERYTHING = Alone()


def alone(part: Part | None = None, *, devices: int | Literal["all"] = 0) -> Callable[[Test], Test]:
    """Say what the decorated cluster test needs alone; without this mark it is the whole cluster.

    "cluster": it changes what all nodes share. "node": it restarts the kubelet or the node, or
    looks at all that is on the node. "driver": it ends, starts or observes the driver, or changes
    the hardware. `devices="all"`: it takes, or counts on, every device of a node. `devices=2`: it
    has claims for at most two devices at any time, whichever they are.
    """
    if (part is None) == (devices == 0) or (isinstance(devices, int) and devices < 0):
        raise SuiteError("alone(…) takes either a part or a number of devices")
    if part is not None and part not in PARTS:
        raise SuiteError(f"{part!r} is no part of a cluster; there are {', '.join(PARTS)}")
    return pytest.mark.alone(Alone(part or "devices", 0 if devices == "all" else devices))
