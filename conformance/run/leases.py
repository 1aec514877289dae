"""Leases: who may use what at a time. Counting, first come first served, without deadlock."""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

ALL = -1
"""In a want: the whole of a resource; nobody else holds anything of it meanwhile."""

Want = Mapping[str, int]
"""By resource, how many units are wanted of it, or ALL."""

# Of a resource without a number there is more than anybody takes one by one.
PLENTY = 1 << 30


@dataclass(eq=False, slots=True)
class Ticket:
    """One request: `alternatives` by preference; `held` is what was granted, None before.

    `company` are the resources that somebody else held too at some time.
    """

    alternatives: Sequence[Want]
    granted: Callable[["Ticket", int], None] = field(repr=False)
    owner: object = None
    held: Want | None = None
    company: set[str] = field(default_factory=set)


class LeaseBook:
    """Grants wants; all of one want at once, so that nobody waits while holding a part.

    A request is passed by a later one only as far as there is enough for both: it never waits for
    anybody who came after it. `granted(ticket, index)` is called in the thread that made room.
    """

    def __init__(self, units: Mapping[str, int] | None = None) -> None:
        """Take how many units there are of resources that can run out."""
        self._units = dict(units or {})
        self._lock = threading.RLock()
        self._waiting: list[Ticket] = []
        self._holding: list[Ticket] = []

    def ask(self, ticket: Ticket, *, first: bool = False) -> Ticket:
        """Queue a request, with `first` before all that wait already."""
        with self._lock:
            self._waiting.insert(0 if first else len(self._waiting), ticket)
            self._grant()
        return ticket

    def give(self, ticket: Ticket) -> None:
        """Take back what a request got, or the request; a second time nothing happens."""
        with self._lock:
            self._drop(ticket)
            self._grant()

    def swap(self, ticket: Ticket, other: Ticket) -> None:
        """Take back one request for another, which is granted before any that waits now."""
        with self._lock:
            self._drop(ticket)
            self.ask(other, first=True)

    def leave(self, owner: object) -> list[Ticket]:
        """Forget all of an owner; gives what it held. The resources stay taken until `give`."""
        with self._lock:
            self._waiting = [one for one in self._waiting if one.owner is not owner]
            self._grant()
            return [one for one in self._holding if one.owner is owner]

    def others(self, ticket: Ticket, resource: str) -> bool:
        """Say whether anybody else holds something of a resource now."""
        with self._lock:
            return any(resource in (one.held or {}) for one in self._holding if one is not ticket)

    def holders(self) -> list[Ticket]:
        """Give the requests that are granted now."""
        with self._lock:
            return [*self._holding]

    def _drop(self, ticket: Ticket) -> None:
        for tickets in (self._waiting, self._holding):
            if ticket in tickets:
                tickets.remove(ticket)

    def _grant(self) -> None:
        taken = self._sum(one.held or {} for one in self._holding)
        for ticket in [*self._waiting]:
            index = next((n for n, w in enumerate(ticket.alternatives) if self._fits(w, taken)), -1)
            if index >= 0:
                want = ticket.alternatives[index]
                self._waiting.remove(ticket)
                self._enter(ticket, want)
                taken += self._sum([want])
                ticket.granted(ticket, index)
            else:
                # Kept free for it, wherever it may be served.
                taken += self._sum(ticket.alternatives)

    def _enter(self, ticket: Ticket, want: Want) -> None:
        for other in self._holding:
            both = set(other.held or {}) & set(want)
            other.company |= both
            ticket.company |= both
        ticket.held = want
        self._holding.append(ticket)

    def _fits(self, want: Want, taken: Counter[str]) -> bool:
        return all(
            taken[name] + self._count(name, units) <= self._most(name)
            for name, units in want.items()
        )

    def _sum(self, wants: Iterable[Want]) -> Counter[str]:
        total: Counter[str] = Counter()
        for want in wants:
            total.update({name: self._count(name, units) for name, units in want.items()})
        return total

    def _count(self, name: str, units: int) -> int:
        most = self._most(name)
        return most if units == ALL else min(units, most)

    def _most(self, name: str) -> int:
        return self._units.get(name, PLENTY)
