"""All work on one node: opens devices for programs, lets time pass, and tells what is done."""

import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import NODE, Device
from drawplate.emulators.state.model import State
from drawplate.emulators.work.board import Board
from drawplate.emulators.work.contexts import Context, Opening
from drawplate.emulators.work.partitions import NO_INSTANCE, Partition, partitions
from drawplate.emulators.work.policies import WorkError
from drawplate.emulators.work.rates import WHOLE
from drawplate.emulators.work.showing import account, show
from drawplate.emulators.work.tasks import MILLISECOND, Task

# Devices that work; network cards do not.
FAMILIES = ("gpu", "tpu")

# Jobs that are over and can still be asked for.
KEPT_JOBS = 10_000

# Programs whose share can still be asked for.
KEPT_PROGRAMS = 1000

Listener = Callable[[Task], None]


@dataclass(frozen=True, slots=True)
class Request:
    """Work that is asked for, in milliseconds: `count` jobs, `every` so often.

    Each takes `duration` alone on the whole device, of which it can fill `demand` percent; each
    comes up to `jitter` late, by chance.
    """

    duration: float
    demand: float = 100.0
    memory: int = 0
    after: float = 0.0
    every: float = 0.0
    count: int = 1
    jitter: float = 0.0


class Workshop:
    """The boards of a node, and what was done on them."""

    def __init__(self, state: State, seed: int = 0) -> None:
        """Begin without work; chance depends on `seed` only."""
        self.state = state
        self.done: deque[Task] = deque(maxlen=KEPT_JOBS)
        # The programs of late, those that ended included.
        self.known: dict[str, Context] = {}
        self.listeners: dict[str, Listener] = {}
        self._boards: dict[str, Board] = {}
        self._chance = random.Random(seed)  # noqa: S311
        self._start = state.clock.now()
        self._numbers = 0
        self._jobs = 0

    @property
    def now(self) -> int:
        """The time of the schedules, in nanoseconds since this began."""
        return round((self.state.clock.now() - self._start) * 1e9)

    @property
    def boards(self) -> tuple[Board, ...]:
        """The devices that anything ever ran on."""
        return tuple(self._boards.values())

    @property
    def idle(self) -> bool:
        """Tell whether nothing waits or runs anywhere."""
        return all(one.earliest_end() is None for one in self.boards)

    def devices(self) -> list[Device]:
        """Give the devices that can work."""
        return [one for family in FAMILIES for one in self.state.devices(family=family)]

    def find(self, name: str) -> tuple[Board, Partition]:
        """Find what has a name, a UUID or a MIG UUID. Raises WorkError."""
        for device in self.devices():
            for one in partitions(device):
                if one.uuid == name or (one.pool == device.name == name):
                    return self._board(device), one
        raise WorkError("INVALID_DEVICE", f"no work can be done on {name!r}")

    def open(self, name: str, opening: Opening, listener: Listener) -> Context:
        """Open a device; `listener` is told of each job that is over. Raises WorkError."""
        with self._working() as now:
            board, partition = self.find(name)
            self._numbers += 1
            context = board.open(
                opening, partition, self._numbers, now, since=time.time_ns() // 1000
            )
            self.listeners[context.id] = listener
            self.known[context.id] = context
            while len(self.known) > KEPT_PROGRAMS:
                del self.known[next(iter(self.known))]
            return context

    def close(self, context: Context) -> None:
        """End what a program has on a device: its memory is free, its jobs are cancelled."""
        with self._working() as now:
            board = self.board_of(context)
            self._over(board.close(context))
            with self.state.change("account") as change:
                account(change, board, context, now, runs=False)
            self.listeners.pop(context.id, None)

    def allocate(self, context: Context, mib: int) -> None:
        """Hold memory, or give it back (negative). Raises WorkError."""
        with self._working():
            self.board_of(context).allocate(context, mib)

    def submit(self, context: Context, request: Request) -> list[Task]:
        """Take work on. Raises WorkError."""
        with self._working() as now:
            tasks = list(self._tasks(context, request, now))
            self.board_of(context).submit(context, tasks, now)
            return tasks

    def cancel(self, name: str) -> int:
        """Cancel a job, or all jobs of a client, by id; tell how many."""
        with self._working():
            gone = 0
            for board in self.boards:
                for task in board.tasks():
                    if name in {task.id, task.client}:
                        board.cancel(task)
                        self._over([task])
                        gone += 1
            return gone

    def advance(self, change: Change) -> None:
        """Let time pass up to now, and show what follows."""
        now = self.now
        for board in self.boards:
            done = board.advance(now)
            self._over(done)
            if done:
                show(change, board)

    def follow(self, change: Change) -> None:
        """Let work fail as the hardware does in this change; part of the change."""
        errors = [one for one in change.emitted if one[0] == "work-error"]
        touched = {*change.sets, *change.unplugged}
        for board in self.boards:
            if board.contexts and (errors or touched & {board.device.name, NODE}):
                self._over(board.advance(self.now))
                self._over(self._failures(board, errors))
                show(change, board)

    def tasks_of(self, context: Context) -> list[Task]:
        """Give the jobs of a context that wait or run."""
        with self.state.lock:
            return [one for one in self.board_of(context).tasks() if one.client == context.id]

    def board_of(self, context: Context) -> Board:
        """Give the device of a context."""
        return self._boards[context.id.rpartition(".")[0]]

    def _board(self, device: Device) -> Board:
        return self._boards.setdefault(device.name, Board(self.state, device, self.now))

    @contextmanager
    def _working(self) -> Iterator[int]:
        # Nothing of it outlives this process, so nothing belongs in the journal.
        with self.state.change("work", quiet=True) as change:
            self.advance(change)
            yield self.now
            for board in self.boards:
                show(change, board)

    def _failures(
        self, board: Board, errors: list[tuple[str, str | None, dict[str, Any]]]
    ) -> list[Task]:
        failed: list[Task] = []
        for _, device, data in errors:
            if device in {None, board.device.name}:
                failed += _fail(board, data)
        failed += board.follow()
        return failed + (board.fail(board.unusable) if board.unusable else [])

    def _over(self, tasks: list[Task]) -> None:
        for task in tasks:
            self.done.append(task)
            listener = self.listeners.get(task.client)
            if listener:
                listener(task)

    def _tasks(self, context: Context, request: Request, now: int) -> Iterator[Task]:
        for turn in range(request.count):
            self._jobs += 1
            late = self._chance.uniform(0.0, request.jitter)
            delay = request.after + turn * request.every + late
            yield Task(
                id=f"j{self._jobs}",
                client=context.id,
                arrives=now + round(delay * MILLISECOND),
                duration=max(1, round(request.duration * MILLISECOND)),
                demand=max(1, round(request.demand * WHOLE / 100)),
                memory=request.memory,
            )


def _fail(board: Board, data: Mapping[str, Any]) -> list[Task]:
    if data.get("scope") == "all":
        return board.fail(data["error"])
    running = board.running(data.get("gi", NO_INSTANCE))
    return board.fail(data["error"], only=running) if running else []
