"""What each program got of a device: the answer to how well it is shared."""

from typing import Any

from drawplate.emulators.work.contexts import Context
from drawplate.emulators.work.rates import WHOLE
from drawplate.emulators.work.tasks import MILLISECOND, Task
from drawplate.emulators.work.workshop import Workshop


def gains(workshop: Workshop) -> list[dict[str, Any]]:
    """Give the share of every program of late as JSON, in the order in which they began."""
    done: dict[str, list[Task]] = {}
    for task in workshop.done:
        done.setdefault(task.client, []).append(task)
    return [describe(one, done.get(one.id, [])) for one in workshop.known.values()]


def describe(context: Context, done: list[Task]) -> dict[str, Any]:
    """Give the share of one program: times in milliseconds, memory in MiB.

    `gpu_ms` is the time of a whole device that it got, `ran_ms` the time in which it ran at all;
    `waits_ms` and `takes_ms` say of the jobs that are done how long they waited to begin, and how
    long they took from arrival to end: the least, the median and the most.
    """
    return {
        "client": context.id,
        "device": context.partition.uuid,
        "name": context.opening.name,
        "pid": context.opening.pid,
        "mps": context.opening.mps,
        "ran_ms": context.ran / MILLISECOND,
        "gpu_ms": context.got // WHOLE / MILLISECOND,
        "most_mib": context.most,
        "done": sum(not task.error for task in done),
        "failed": sum(bool(task.error) for task in done),
        "preemptions": sum(task.preemptions for task in done),
        "waits_ms": _spread([wait for task in done if (wait := _wait(task)) is not None]),
        "takes_ms": _spread(
            [(task.finished or 0) - task.arrives for task in done if not task.error]
        ),
        "broken": context.broken,
    }


def _wait(task: Task) -> int | None:
    return None if task.started is None else task.started - task.arrives


def _spread(times: list[int]) -> list[float]:
    ordered = sorted(times)
    middle = ordered[len(ordered) // 2 :][:1]
    return [time / MILLISECOND for time in (*ordered[:1], *middle, *ordered[-1:])]
