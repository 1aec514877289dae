"""The schedule of one device, or of one partition of it: who runs when, and how fast.

It is a simulation in whole nanoseconds, without a clock or a lock: the same calls give the same
schedule, however the time in between is cut.

Groups take turns: each runs for a time slice while others wait, and gives the device up when it
has nothing to do. Programs that share by time slices are a group each; those behind one MPS
server are one group together, and run side by side within its turn.
"""

import heapq
from collections import deque
from dataclasses import dataclass, field

from drawplate.emulators.work.rates import WHOLE, divide
from drawplate.emulators.work.tasks import Span, Task


@dataclass(frozen=True, slots=True)
class Member:
    """A client: the group that it takes turns in, and its share of the device (thousandths)."""

    name: str
    group: str
    share: int = WHOLE


@dataclass(slots=True)
class Schedule:
    """Who runs on `capacity` thousandths of a device; times are in nanoseconds."""

    capacity: int = WHOLE
    slice: int = 2_000_000
    # What it costs to let another group run.
    switch: int = 0
    now: int = 0
    members: dict[str, Member] = field(default_factory=dict)
    # Those that wait or run, of each client in their order; only clients that have any.
    queues: dict[str, deque[Task]] = field(default_factory=dict)
    _coming: list[tuple[int, int, Task]] = field(default_factory=list)
    _count: int = 0
    # The groups that have something to do; the first one's turn it is.
    _turns: deque[str] = field(default_factory=deque)
    _slice_end: int | None = None
    _last: str = ""
    _switching: int = 0

    def submit(self, member: Member, task: Task) -> None:
        """Take on a task that arrives now or later."""
        self.members[member.name] = member
        self._count += 1
        heapq.heappush(self._coming, (max(task.arrives, self.now), self._count, task))
        self._admit()

    def tasks(self) -> list[Task]:
        """Give all tasks that are not over: those that run or wait, then those that are to come."""
        here = [task for queue in self.queues.values() for task in queue]
        return here + [task for _, _, task in sorted(self._coming, key=lambda entry: entry[:2])]

    def end(self, client: str, error: str) -> list[Task]:
        """End all tasks of a client with an error, now; give them."""
        gone = [task for task in self.tasks() if task.client == client]
        for task in gone:
            self._drop(task, error)
        self.members.pop(client, None)
        return gone

    def cancel(self, task: Task, error: str) -> None:
        """End one task with an error, now."""
        self._drop(task, error)

    def advance(self, until: int) -> tuple[list[Span], list[Task]]:
        """Let time pass; give what ran, and the tasks that are done, in their order."""
        spans: list[Span] = []
        done: list[Task] = []
        while self.now < until:
            self._admit()
            stop = min(until, self._coming[0][0]) if self._coming else until
            if not self._turns:
                self.now = stop
            elif self._changes_group():
                spans.append(self._change_group(stop))
            else:
                spans.append(self._run(stop, done))
        self._admit()
        return spans, done

    def earliest_end(self) -> int | None:
        """Give a moment before which no task can be done; none without tasks."""
        ends = [self.now + self._alone(queue[0]) for queue in self.queues.values()]
        if self._coming:
            ends.append(self._coming[0][0] + 1)
        return min(ends, default=None)

    def running(self) -> Task | None:
        """Give the task whose turn it is; behind MPS the first of those that run together."""
        heads = (queue[0] for queue in self.queues.values())
        turn = self._turns[0] if self._turns else ""
        return next((task for task in heads if self.members[task.client].group == turn), None)

    def memory(self, client: str) -> int:
        """Give the most memory that a task of a client needs, of those that are not over."""
        coming = (task.memory for _, _, task in self._coming if task.client == client)
        here = (task.memory for task in self.queues.get(client, ()))
        return max(max(coming, default=0), max(here, default=0))

    def _alone(self, task: Task) -> int:
        rate = min(task.demand, self.members[task.client].share, self.capacity)
        return -(-task.left // rate)

    def _admit(self) -> None:
        while self._coming and self._coming[0][0] <= self.now:
            task = heapq.heappop(self._coming)[2]
            self.queues.setdefault(task.client, deque()).append(task)
            group = self.members[task.client].group
            if group not in self._turns:
                self._turns.append(group)

    def _changes_group(self) -> bool:
        if self._turns[0] != self._last:
            self._switching = self.switch if self._last else 0
            self._last = self._turns[0]
            self._slice_end = None
        return self._switching > 0

    def _change_group(self, stop: int) -> Span:
        start = self.now
        self.now = min(stop, start + self._switching)
        self._switching -= self.now - start
        return Span(start, self.now, "")

    def _run(self, stop: int, done: list[Task]) -> Span:
        group, start = self._turns[0], self.now
        if self._slice_end is None:
            self._slice_end = start + self.slice
        heads = [q[0] for name, q in self.queues.items() if self.members[name].group == group]
        rates = self._rates(heads)
        needed = min(-(-task.left // rate) for task, rate in zip(heads, rates, strict=True) if rate)
        self.now = min(stop, start + needed, self._slice_end)
        for task, rate in zip(heads, rates, strict=True):
            self._progress(task, rate, self.now - start, done)
        self._pass_on(group, heads)
        pairs = zip(heads, rates, strict=True)
        return Span(start, self.now, group, tuple((task.client, rate) for task, rate in pairs))

    def _rates(self, heads: list[Task]) -> list[int]:
        wanted = [
            min(task.demand, self.members[task.client].share, self.capacity) for task in heads
        ]
        # One alone has what it wants already: the common case, and the one that must be quick.
        return wanted if len(wanted) == 1 else divide(self.capacity, wanted)

    def _progress(self, task: Task, rate: int, time: int, done: list[Task]) -> None:
        if not rate:
            return
        if task.started is None:
            task.started = self.now - time
        step = min(task.left, rate * time)
        task.left -= step
        task.got += step
        task.ran += time
        if not task.left:
            task.finished = self.now
            done.append(task)
            self._remove(task)

    def _pass_on(self, group: str, heads: list[Task]) -> None:
        # Who has nothing to do has left already; who has no time left goes to the end.
        if self._slice_end is None or self.now < self._slice_end:
            return
        self._slice_end = self.now + self.slice
        if len(self._turns) > 1 and self._turns[0] == group:
            for task in heads:
                task.preemptions += 0 if task.over else 1
            self._turns.rotate(-1)

    def _drop(self, task: Task, error: str) -> None:
        task.error, task.finished = error, self.now
        self._coming = [entry for entry in self._coming if entry[2] is not task]
        heapq.heapify(self._coming)
        if task in self.queues.get(task.client, ()):
            self._remove(task)

    def _remove(self, task: Task) -> None:
        queue = self.queues[task.client]
        queue.remove(task)
        if queue:
            return
        del self.queues[task.client]
        group = self.members[task.client].group
        if not any(self.members[name].group == group for name in self.queues):
            if self._turns[0] == group:
                self._slice_end = None
            self._turns.remove(group)
