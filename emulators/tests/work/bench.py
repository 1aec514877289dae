"""A node with a clock that is turned by hand, and work on it."""

import functools

from drawplate.emulators.machine.placed import NodeSpec, place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.state.clock import ManualClock
from drawplate.emulators.state.model import State
from drawplate.emulators.work.contexts import Context, Opening
from drawplate.emulators.work.load import Load
from drawplate.emulators.work.tasks import Task
from drawplate.emulators.work.workshop import Request, Workshop


@functools.cache
def _placed(machine: str) -> NodeSpec:
    return place(load(machine), "node")


class Bench:
    """Programs on an emulated node."""

    def __init__(self, machine: str = "dgx-h100") -> None:
        self.clock = ManualClock()
        self.state = State(_placed(machine), self.clock)
        self.workshop = Workshop(self.state)
        self.state.rules.append(self.workshop.follow)
        self.state.tickers.append(Load(self.workshop).tick)
        self.over: list[Task] = []

    def open(self, device: str = "gpu0", pid: int = 100, **options: object) -> Context:
        opening = Opening(pid, f"program-{pid}", **options)  # type: ignore[arg-type]  # options vary
        return self.workshop.open(device, opening, self.over.append)

    def submit(self, context: Context, duration: float, **request: float) -> list[Task]:
        return self.workshop.submit(context, Request(duration, **request))  # type: ignore[arg-type]  # ditto

    def run(self, milliseconds: float, steps: int = 1) -> None:
        for _ in range(steps):
            self.clock.advance(milliseconds / steps / 1000)
            self.state.tick(milliseconds / steps / 1000)
