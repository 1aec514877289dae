"""The state of one emulated node: the only truth, from which every interface is rendered.

A change is one transaction: it holds the lock, sees its own writes, and is undone whole when
anything in it is refused. When it ends, rules derive what follows from it, the generation goes up,
and every surface is told, in the order in which the surfaces were added. So when `change` returns,
whoever reads through a synchronous surface sees it; `wait` waits for the others.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import CallRule, Change, Changes, Event
from drawplate.emulators.state.clock import Clock, SystemClock
from drawplate.emulators.state.device import NODE, Device, scopes_of

if TYPE_CHECKING:
    from drawplate.emulators.machine.placed import NodeSpec

_log = logging.getLogger(__name__)

# Events that someone who asks late can still see.
KEPT_EVENTS = 1000


class Surface(Protocol):
    """One interface of the hardware. `apply` is quick, and runs under the state's lock."""

    name: str
    # The generation that its readers see.
    seen: int

    def start(self, state: "State") -> None:
        """Show the state as it is. Raises SetupProblem when this machine cannot show it."""

    def apply(self, changes: Changes) -> None:
        """Show what changed."""

    def stop(self) -> None:
        """Take away what was made."""


class State:
    """The devices of a node, and what is true of each."""

    def __init__(self, node: "NodeSpec", clock: Clock | None = None) -> None:
        """Make the state that the machine file describes."""
        self.node = node
        self.clock = clock or SystemClock()
        self.generation = 0
        self.call_rules: tuple[CallRule, ...] = ()
        self.rules: list[Callable[[Change], None]] = []
        self.tickers: list[Callable[[Change, float], None]] = []
        self.recoverers: list[Callable[[Change], None]] = []
        self.events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self.surfaces: list[Surface] = []
        self.lock = threading.RLock()
        self._moved = threading.Condition()
        self._numbers = 0
        self._under_way: Change | None = None
        self._node = Device(NODE, None, (NODE,))
        self.all_devices: dict[str, Device] = {
            spec.name: Device(spec.name, spec, scopes_of(spec)) for spec in node.devices
        }

    def device(self, name: str) -> Device:
        """Give a device by name, present or not; `node` is the node itself.

        Raises Refused(NOT_FOUND) when there is none.
        """
        found = self._node if name == NODE else self.all_devices.get(name)
        if found is None:
            known = ", ".join([*self.all_devices, NODE])
            raise Refused(Reason.NOT_FOUND, f"there is no device {name!r}; there are {known}")
        return found

    def devices(
        self, family: str | None = None, kind: str | None = None, *, absent: bool = False
    ) -> list[Device]:
        """Give the devices that are plugged in (with `absent`: all), in their order."""
        found = [
            one
            for one in list(self.all_devices.values())
            if (absent or one.present)
            and family in {None, one.spec.family}
            and kind in {None, one.spec.kind}
        ]
        return sorted(found, key=lambda one: (one.spec.family, one.spec.index, one.name))

    @contextmanager
    def change(self, cause: str = "", *, quiet: bool = False) -> Iterator[Change]:
        """Change the state in one transaction; a change within a change joins it."""
        with self.lock:
            if self._under_way is not None:
                yield self._under_way
                return
            change = self._under_way = Change(self, cause, quiet)
            try:
                yield change
                for rule in self.rules:
                    rule(change)
            except BaseException:
                change.roll_back()
                raise
            finally:
                self._under_way = None
            if not change.empty:
                self._commit(change)

    def add_surface(self, surface: Surface) -> None:
        """Start a surface, which is told of every later change."""
        with self.lock:
            surface.start(self)
            surface.seen = max(surface.seen, self.generation)
            self.surfaces.append(surface)

    def remove_surface(self, surface: Surface) -> None:
        """Stop a surface."""
        with self.lock:
            self.surfaces.remove(surface)
        surface.stop()

    def surface_moved(self) -> None:
        """Tell that a surface that works in its own time has set `seen`."""
        with self._moved:
            self._moved.notify_all()

    def wait(self, generation: int, timeout: float) -> bool:
        """Wait at most `timeout` seconds until every reader sees `generation`; tell whether so."""
        with self._moved:
            return self._moved.wait_for(
                lambda: (
                    self.generation >= generation
                    and all(one.seen >= generation for one in list(self.surfaces))
                ),
                timeout,
            )

    def wait_until(self, holds: Callable[[], bool], timeout: float) -> bool:
        """Wait at most `timeout` seconds until `holds()` is true after a change; tell whether so."""
        with self._moved:
            return self._moved.wait_for(holds, timeout)

    def tick(self, seconds: float) -> None:
        """Let time pass for what follows time by itself."""
        with self.change("time", quiet=True) as change:
            for ticker in self.tickers:
                ticker(change, seconds)

    def snapshot(self) -> dict[str, Any]:
        """Give everything as JSON."""
        with self.lock:
            everything = [self._node, *self.devices(absent=True)]
            return {
                "machine": self.node.machine.machine,
                "node": self.node.node,
                "generation": self.generation,
                "devices": {
                    one.name: {"present": one.present, **_describe(one), "values": dict(one.values)}
                    for one in everything
                },
            }

    def _commit(self, change: Change) -> None:
        self.generation += 1
        events = tuple(self._event(*emitted) for emitted in change.emitted)
        changes = Changes(
            generation=self.generation,
            cause=change.cause,
            quiet=change.quiet,
            sets=change.sets,
            plugged=tuple(change.plugged),
            unplugged=tuple(change.unplugged),
            added=tuple(change.added),
            removed=tuple(change.removed),
            events=events,
            rules_changed=change.rules_before is not None,
        )
        self.events.extend(events)
        for surface in self.surfaces:
            # One interface that fails must not hide the change from the others.
            try:
                surface.apply(changes)
            except Exception:  # noqa: BLE001
                _log.exception(
                    "surface %s cannot show generation %d", surface.name, self.generation
                )
        self.surface_moved()

    def _event(self, name: str, device: str | None, data: dict[str, Any]) -> Event:
        self._numbers += 1
        return Event(self._numbers, time.time(), name, device, data)


def _describe(device: Device) -> dict[str, Any]:
    if device.name == NODE:
        return {}
    spec = device.spec
    return {
        "family": spec.family,
        "kind": spec.kind,
        "product": spec.profile.product,
        "address": spec.address,
        "uuid": spec.uuid,
        "numa_node": spec.numa_node,
        "parent": spec.parent,
    }
