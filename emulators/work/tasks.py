"""Work that is to be done: what was asked for, and how far it is."""

from dataclasses import dataclass, field

from drawplate.emulators.work.rates import WHOLE

MILLISECOND = 1_000_000


@dataclass(slots=True, eq=False)
class Task:
    """One piece of work of one client, as a kernel launch is.

    Times are in nanoseconds. `duration` is how long it takes alone on a whole device, of which it
    fills `demand` thousandths. `memory` (MiB) is held while it waits and runs; the tasks of one
    client follow each other, and use the same.
    """

    id: str
    client: str
    arrives: int
    duration: int
    demand: int = WHOLE
    memory: int = 0
    started: int | None = None
    finished: int | None = None
    # How long it was on the device, and what that is in time of the whole device.
    ran: int = 0
    got: int = 0
    preemptions: int = 0
    error: str = ""
    left: int = field(init=False)

    def __post_init__(self) -> None:
        """Count what is left in thousandths of nanoseconds of the whole device."""
        self.left = self.duration * self.demand

    @property
    def over(self) -> bool:
        """Tell whether it is done, or failed."""
        return self.finished is not None

    def describe(self) -> dict[str, object]:
        """Give it as JSON, in milliseconds."""

        def milliseconds(time: int | None) -> float | None:
            return None if time is None else time / MILLISECOND

        return {
            "job": self.id,
            "client": self.client,
            "submitted_ms": milliseconds(self.arrives),
            "started_ms": milliseconds(self.started),
            "finished_ms": milliseconds(self.finished),
            "ran_ms": milliseconds(self.ran),
            "gpu_ms": milliseconds(self.got // WHOLE),
            "preemptions": self.preemptions,
            "memory_mib": self.memory,
            "error": self.error,
        }


@dataclass(frozen=True, slots=True)
class Span:
    """What ran from `start` to `end` (ns): a group, and the rate of each client in it.

    The group is empty while the device changes from one group to another.
    """

    start: int
    end: int
    group: str
    rates: tuple[tuple[str, int], ...] = ()
