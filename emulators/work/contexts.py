"""What a program has on a device: its context, with the memory that it holds there."""

from dataclasses import dataclass

from drawplate.emulators.work.partitions import Partition
from drawplate.emulators.work.rates import WHOLE
from drawplate.emulators.work.schedule import Member


@dataclass(frozen=True, slots=True)
class Opening:
    """What a program says when it opens a device.

    `share` is the active thread percentage and `limit` the pinned memory limit (MiB); both count
    only behind an MPS server.
    """

    pid: int
    name: str
    mps: bool = False
    share: int = 100
    limit: int | None = None


@dataclass(slots=True, eq=False)
class Context:
    """One program on one partition."""

    id: str
    opening: Opening
    partition: Partition
    # When it was opened, in nanoseconds of the schedule and in microseconds since 1970.
    opened: int
    since: int
    allocated: int = 0
    # The most that it ever held, MiB.
    most: int = 0
    # How long anything of it ran (ns), and how much of the whole device that was (ns/1000).
    ran: int = 0
    got: int = 0
    # Percent of the device in the last moments.
    load: int = 0
    # The error that it stays in, as a CUDA context does; empty while it works.
    broken: str = ""

    @property
    def member(self) -> Member:
        """How it takes part in the schedule of its partition."""
        if not self.opening.mps:
            return Member(self.id, self.id)
        # The percentage is one of the threads of the partition.
        share = max(1, self.partition.capacity * self.opening.share // 100)
        return Member(self.id, "mps", min(WHOLE, share))
