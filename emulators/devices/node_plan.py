"""What is planned for one device node."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NodePlan:
    """A node below /dev with its true numbers; `device` is whose it is, if one device's."""

    path: str
    major: int
    minor: int
    mode: int = 0o666
    block: bool = False
    device: str | None = None
