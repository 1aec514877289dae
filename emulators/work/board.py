"""One device at work: who has it open, what they hold, and the schedule of each partition."""

from collections.abc import Iterable

from drawplate.emulators.state.device import NODE, Device
from drawplate.emulators.state.model import State
from drawplate.emulators.work.contexts import Context, Opening
from drawplate.emulators.work.partitions import NO_INSTANCE, Partition, partitions
from drawplate.emulators.work.policies import WorkError, policies
from drawplate.emulators.work.schedule import Schedule
from drawplate.emulators.work.tasks import Task

# nvmlComputeMode_t; 1, one thread, is not used any more and means the same as 3.
_PROHIBITED = 2
_EXCLUSIVE_PROCESS = 3
_EXCLUSIVE = frozenset({1, _EXCLUSIVE_PROCESS})


class Board:
    """The work on one device. Times are in nanoseconds; calls come with the state locked."""

    def __init__(self, state: State, device: Device, began: int) -> None:
        """Begin without any work."""
        self.began = began
        self.device = device
        self.contexts: dict[str, Context] = {}
        # How long anything ran (ns), and how much of the device that took (ns/1000).
        self.busy = 0
        self.got = 0
        self.state = state
        self._schedules: dict[str, Schedule] = {}

    def open(
        self, opening: Opening, partition: Partition, number: int, now: int, since: int
    ) -> Context:
        """Let a program use a partition. Raises WorkError."""
        self._refuse_unusable()
        others = [one for one in self.contexts.values() if one.partition.uuid == partition.uuid]
        self._refuse_mode(opening, others)
        context = Context(f"{self.device.name}.{number}", opening, partition, now, since)
        self.contexts[context.id] = context
        self._schedule(partition, now)
        return context

    def close(self, context: Context) -> list[Task]:
        """End a program's use; give its tasks that were not done."""
        self.contexts.pop(context.id, None)
        return self._end(context, "CANCELLED")

    def allocate(self, context: Context, mib: int) -> None:
        """Hold memory (negative: give it back). Raises WorkError when there is not so much."""
        self._refuse_broken(context)
        if context.allocated + mib < 0:
            raise WorkError("INVALID_VALUE", "more memory is given back than was taken")
        self._refuse_memory(context, mib)
        context.allocated += mib
        context.most = max(context.most, self.used(context))

    def submit(self, context: Context, tasks: Iterable[Task], now: int) -> None:
        """Take work on. Raises WorkError."""
        self._refuse_unusable()
        self._refuse_broken(context)
        wanted = list(tasks)
        most = max((task.memory for task in wanted), default=0)
        held = self.used(context) - context.allocated
        self._refuse_memory(context, max(0, most - held))
        schedule = self._schedule(context.partition, now)
        for task in wanted:
            schedule.submit(context.member, task)
        context.most = max(context.most, self.used(context))

    def cancel(self, task: Task) -> None:
        """End one task."""
        uuid = self.contexts[task.client].partition.uuid
        self._schedules[uuid].cancel(task, "CANCELLED")

    def tasks(self) -> list[Task]:
        """Give the tasks that wait or run."""
        return [task for schedule in self._schedules.values() for task in schedule.tasks()]

    def used(self, context: Context) -> int:
        """Give the memory that a program holds, in MiB."""
        schedule = self._schedules.get(context.partition.uuid)
        return context.allocated + (schedule.memory(context.id) if schedule else 0)

    def advance(self, now: int) -> list[Task]:
        """Let time pass; give the tasks that are done."""
        finished: list[Task] = []
        for schedule in self._schedules.values():
            spans, done = schedule.advance(now)
            finished += done
            for span in spans:
                time = span.end - span.start
                self.busy += time if span.group else 0
                for client, rate in span.rates:
                    self.got += time * rate
                    self.contexts[client].ran += time
                    self.contexts[client].got += time * rate
        return finished

    def earliest_end(self) -> int | None:
        """Give a moment before which nothing can be done; none without work."""
        ends = [one.earliest_end() for one in self._schedules.values()]
        return min((end for end in ends if end is not None), default=None)

    def fail(self, code: str, *, only: Context | None = None) -> list[Task]:
        """Break every context, or one: its tasks fail, and it takes no more. Give the tasks."""
        failed: list[Task] = []
        for context in [only] if only else list(self.contexts.values()):
            context.broken = context.broken or code
            failed += self._end(context, code)
        return failed

    def running(self, gi: int = NO_INSTANCE) -> Context | None:
        """Give the context whose turn it is (within a GPU instance), if anything runs."""
        turns = (schedule.running() for schedule in self._schedules.values())
        contexts = (self.contexts[task.client] for task in turns if task)
        return next((one for one in contexts if gi in {NO_INSTANCE, one.partition.gi}), None)

    def follow(self) -> list[Task]:
        """Go by what the device is now: its partitions, and its time slice. Give what failed."""
        known = set(partitions(self.device))
        failed: list[Task] = []
        for context in list(self.contexts.values()):
            if context.partition not in known:
                failed += self.fail("INVALID_DEVICE", only=context)
                del self.contexts[context.id]
        uuids = {one.uuid for one in known}
        self._schedules = {uuid: it for uuid, it in self._schedules.items() if uuid in uuids}
        for schedule in self._schedules.values():
            schedule.slice = self._slice()
        return failed

    @property
    def unusable(self) -> str:
        """Why the device does no work now, as an error's code; empty when it does."""
        device = self.device
        if not device.present or device["lost"]:
            return "DEVICE_LOST"
        if device.spec.kind == "nvidia-gpu" and not self.state.device(NODE)["driver.loaded"]:
            return "DRIVER_UNLOADED"
        return "DEVICE_UNAVAILABLE" if device["reset_required"] else ""

    def _schedule(self, partition: Partition, now: int) -> Schedule:
        if partition.uuid not in self._schedules:
            self._schedules[partition.uuid] = Schedule(
                partition.capacity, self._slice(), policies().switch_us * 1000, now
            )
        return self._schedules[partition.uuid]

    def _slice(self) -> int:
        number = self.device.values.get("timeslice", 0)
        return policies().timeslices_us[number] * 1000

    def _end(self, context: Context, code: str) -> list[Task]:
        # A partition may have gone, with all that was on it.
        schedule = self._schedules.get(context.partition.uuid)
        if schedule is None:
            return []
        return schedule.end(context.id, code)

    def _refuse_unusable(self) -> None:
        if self.unusable:
            raise WorkError(self.unusable)

    def _refuse_broken(self, context: Context) -> None:
        if context.broken:
            raise WorkError(context.broken)

    def _refuse_mode(self, opening: Opening, others: list[Context]) -> None:
        # A TPU chip has no modes: one program has it (libtpu, "already in use by process").
        only = _EXCLUSIVE_PROCESS if self.device.spec.family == "tpu" else 0
        mode = self.device.values.get("compute_mode", only)
        if mode == _PROHIBITED:
            raise WorkError("DEVICE_UNAVAILABLE", "its compute mode is prohibited")
        strangers = [
            one
            for one in others
            if one.opening.pid != opening.pid and not (one.opening.mps and opening.mps)
        ]
        if mode in _EXCLUSIVE and strangers:
            raise WorkError("DEVICE_UNAVAILABLE", "another process has it exclusively")
        if opening.mps and len(others) >= policies().mps_clients:
            raise WorkError("MPS_MAX_CLIENTS")

    def _refuse_memory(self, context: Context, more: int) -> None:
        pool = [
            one for one in self.contexts.values() if one.partition.pool == context.partition.pool
        ]
        free = context.partition.memory - sum(self.used(one) for one in pool)
        limit = context.opening.limit if context.opening.mps else None
        if limit is not None:
            free = min(free, limit - self.used(context))
        if more > free:
            raise WorkError(
                "OUT_OF_MEMORY", f"{more} MiB are wanted and {max(0, free)} MiB are free"
            )
