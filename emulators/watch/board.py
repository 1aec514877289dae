"""What someone who watches a node sees: a mirror of its state, kept by the stream of changes."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

# Samples of utilisation that are kept; one a second, so two minutes.
HISTORY = 120
_SAMPLE_SECONDS = 1.0

EVENTS = 200


@dataclass(slots=True)
class Seen:
    """One device as it was told last. `history` is utilisation in percent, oldest first."""

    name: str
    present: bool
    about: Mapping[str, Any]
    values: dict[str, Any]
    history: deque[int] = field(default_factory=lambda: deque(maxlen=HISTORY))


@dataclass(slots=True)
class Board:
    """One node as it was told last; `alive` while its process answers."""

    name: str
    alive: bool = False
    machine: str = ""
    generation: int = 0
    devices: dict[str, Seen] = field(default_factory=dict)
    events: deque[Mapping[str, Any]] = field(default_factory=lambda: deque(maxlen=EVENTS))
    # How many events there ever were.
    told: int = 0
    _sampled: float = 0.0

    def take(self, item: Mapping[str, Any], now: float) -> bool:
        """Take in one item of the stream, at `now` in seconds; tell whether to ask anew.

        What a device that came at run time is like is not part of the changes.
        """
        if "snapshot" in item:
            self._begin(item["snapshot"])
        changes = item.get("changes")
        if changes is None:
            return False
        self._apply(changes)
        if changes["quiet"]:
            self._sample(now)
        else:
            news = changes["events"] or [_news(changes)]
            self.events.extend(news)
            self.told += len(news)
        return bool(changes["added"])

    def since(self, told: int) -> list[Mapping[str, Any]]:
        """Give the events after the first `told`, as far as they are kept."""
        new = self.told - told
        return list(self.events)[-new:] if new else []

    @property
    def faults(self) -> Mapping[str, list[str]]:
        """The active faults of each device, as commands write them."""
        node = self.devices.get("node")
        found: dict[str, list[str]] = {}
        for one in node.values.get("faults.active", []) if node else []:
            found.setdefault(one["device"], []).append(_command(one))
        return found

    def _begin(self, snapshot: Mapping[str, Any]) -> None:
        self.alive = True
        self.machine = snapshot["machine"]
        self.generation = snapshot["generation"]
        before = self.devices
        self.devices = {
            name: Seen(name, told["present"], _about(told), dict(told["values"]))
            for name, told in snapshot["devices"].items()
        }
        for name in self.devices.keys() & before.keys():
            self.devices[name].history = before[name].history

    def _apply(self, changes: Mapping[str, Any]) -> None:
        self.generation = changes["generation"]
        for name, values in changes["sets"].items():
            if name in self.devices:
                self.devices[name].values.update(values)
        for key, present in (("plugged", True), ("unplugged", False)):
            for name in self.devices.keys() & set(changes[key]):
                self.devices[name].present = present
        for name in changes["removed"]:
            self.devices.pop(name, None)

    def _sample(self, now: float) -> None:
        if now - self._sampled < _SAMPLE_SECONDS:
            return
        self._sampled = now
        for seen in self.devices.values():
            if "utilisation.gpu" in seen.values:
                seen.history.append(int(seen.values["utilisation.gpu"]))


def _about(told: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in told.items() if key not in {"present", "values"}}


def _command(fault: Mapping[str, Any]) -> str:
    # `xid=79` is the fault `xid` with the parameter of that name; others are mostly defaults.
    name, given = fault["fault"], fault.get("parameters", {})
    return f"{name}={given[name]}" if name in given else str(name)


def _news(changes: Mapping[str, Any]) -> dict[str, Any]:
    moved = {key: changes[key] for key in ("plugged", "unplugged", "added", "removed")}
    data = {key: it for key, it in moved.items() if it} | dict(changes["sets"])
    return {"name": changes["cause"], "device": None, "data": data}
