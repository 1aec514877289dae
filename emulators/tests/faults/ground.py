"""A node with a clock that is turned by hand, and faults on it."""

import functools
from typing import Any

from drawplate.emulators.faults import layers, schedule
from drawplate.emulators.faults.operations import FaultOperations
from drawplate.emulators.machine.placed import NodeSpec, place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.state.clock import ManualClock
from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State


@functools.cache
def _placed(machine: str) -> NodeSpec:
    return place(load(machine), "node")


class Ground:
    """A node on which faults happen."""

    def __init__(self, machine: str = "dgx-h100") -> None:
        self.clock = ManualClock(1000.0)
        self.state = State(_placed(machine), self.clock)
        self.state.rules.append(schedule.follow)
        self.state.recoverers.append(layers.restore)
        self.faults = FaultOperations(self.state)

    def fault(self, line: str) -> dict[str, Any]:
        """Give the command as people write it, without `drawplate hw fault`."""
        device, fault, *words = line.split()
        return self.faults.fault(device, fault, dict(word.split("=", 1) for word in words))

    def heal(self, line: str) -> dict[str, Any]:
        return self.faults.heal(*line.split())

    def device(self, name: str) -> Device:
        return self.state.device(name)

    def set(self, name: str, key: str, value: Any) -> None:
        with self.state.change("test") as change:
            change.set(name, key, value)

    def emit(self, name: str, device: str | None = None, **data: Any) -> None:
        with self.state.change("test") as change:
            change.emit(name, device, **data)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        with self.state.change("faults") as change:
            schedule.do_due(change)

    def events(self, name: str) -> list[dict[str, Any]]:
        return [dict(one.data) for one in self.state.events if one.name == name]

    def active(self) -> list[str]:
        return [one["fault"] for one in self.faults.faults()["active"]]

    def pending(self) -> int:
        return len(self.faults.faults()["pending"])
