"""The operations that every node has: look, set, plug, wait."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from queue import Empty, SimpleQueue
from typing import Any

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.change import Changes
from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State

# A streaming operation says at least this often that nothing happened, so that it notices a
# client that went. Seconds.
HEARTBEAT = 2.0

# More than any surface needs. Seconds.
WAIT_SECONDS = 30.0


class StateOperations:
    """Operations on the state, as the control socket calls them."""

    def __init__(self, state: State) -> None:
        """Work on `state`."""
        self._state = state

    def table(self) -> Mapping[str, Callable[..., Any]]:
        """Give the operations by name."""
        return {
            "snapshot": self._state.snapshot,
            "get": self.get,
            "set": self.set,
            "plug": self.plug,
            "unplug": self.unplug,
            "reset": self.reset,
            "wait": self.wait,
            "until": self.until,
            "watch": self.watch,
        }

    def get(self, device: str, key: str = "") -> Any:
        """Give all values of a device, or one."""
        found = self._state.device(device)
        return found[key] if key else dict(found.values)

    def set(self, device: str, values: Mapping[str, Any]) -> dict[str, int]:
        """Set values that may be set by hand."""
        with self._state.change("set") as change:
            found = self._state.device(device)
            for key, value in values.items():
                _refuse_derived(found, key)
                change.set(found, key, value)
        return self._generation()

    def plug(self, device: str) -> dict[str, int]:
        """Put a device into its place."""
        with self._state.change("plug") as change:
            change.plug(device)
        return self._generation()

    def unplug(self, device: str) -> dict[str, int]:
        """Take a device away."""
        with self._state.change("unplug") as change:
            change.unplug(device)
        return self._generation()

    def reset(self) -> dict[str, int]:
        """Bring everything back to what the machine file says."""
        with self._state.change("reset") as change:
            change.reset()
        return self._generation()

    def wait(self, generation: int | None = None, timeout: float = WAIT_SECONDS) -> dict[str, int]:
        """Wait until every reader sees a generation, by default the present one."""
        wanted = self._state.generation if generation is None else generation
        if not self._state.wait(wanted, timeout):
            late = [one.name for one in self._state.surfaces if one.seen < wanted]
            what = ", ".join(late) or f"the state, which is at {self._state.generation}"
            raise Refused(Reason.TIMEOUT, f"generation {wanted} is not seen yet by {what}")
        return self._generation()

    def until(
        self, device: str, key: str, value: Any, timeout: float = WAIT_SECONDS
    ) -> dict[str, int]:
        """Wait until a value of a device is `value`."""
        found = self._state.device(device)
        if not self._state.wait_until(lambda: bool(found[key] == value), timeout):
            raise Refused(Reason.TIMEOUT, f"{key} of {device} is {found[key]!r}, not {value!r}")
        return self._generation()

    def watch(self, *, quiet: bool = False) -> Iterator[dict[str, Any]]:
        """Give the state, then every change; with `quiet`, those that time makes too."""
        listener = _Listener(quiet=quiet)
        with self._state.lock:
            first = self._state.snapshot()
            self._state.add_surface(listener)
        try:
            yield {"snapshot": first}
            while True:
                try:
                    yield {"changes": asdict(listener.queue.get(timeout=HEARTBEAT))}
                except Empty:
                    yield {"idle": True}
        finally:
            self._state.remove_surface(listener)

    def _generation(self) -> dict[str, int]:
        return {"generation": self._state.generation}


class _Listener:
    """A surface that hands changes to a thread which writes them to someone."""

    name = "listener"

    def __init__(self, *, quiet: bool) -> None:
        self.seen = 0
        self.queue: SimpleQueue[Changes] = SimpleQueue()
        self._quiet = quiet

    def start(self, state: State) -> None:
        self.seen = state.generation

    def apply(self, changes: Changes) -> None:
        self.seen = changes.generation
        if self._quiet or not changes.quiet:
            self.queue.put(changes)

    def stop(self) -> None:
        """Nothing was made."""


def _refuse_derived(device: Device, key: str) -> None:
    known = device.properties.get(key)
    if known is not None and not known.settable:
        raise Refused(Reason.NO_PERMISSION, f"{key} of {device.name} follows from other things")
