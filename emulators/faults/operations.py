"""What the control socket offers: fault, heal, faults, catalogue, apply."""

import fnmatch
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from drawplate.emulators.faults import records, scenario, schedule
from drawplate.emulators.faults.command import Timing, parse, values
from drawplate.emulators.faults.entries import catalogue, find
from drawplate.emulators.faults.happening import cancel, heal, inflict, kind_of
from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.state.change import Change
from drawplate.emulators.state.model import State


class FaultOperations:
    """Operations on the faults of one node."""

    def __init__(self, state: State) -> None:
        """Work on `state`."""
        self._state = state

    def table(self) -> Mapping[str, Callable[..., Any]]:
        """Give the operations by name."""
        return {
            "fault": self.fault,
            "heal": self.heal,
            "faults": self.faults,
            "catalogue": self.catalogue,
            "apply": self.apply,
        }

    def fault(
        self, device: str, fault: str, parameters: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Let a fault happen on a device, or on all whose names match; or when it is told to.

        `fault` and `parameters` are the words of the command: `xid=79` and `{"for": "10s"}`.
        """
        words = [*fault.split(), *(f"{key}={_text(it)}" for key, it in (parameters or {}).items())]
        with self._state.change(" ".join(["fault", device, *words])) as change:
            ids = [self._order(change, name, words) for name in self._matching(device)]
        return {"ids": ids, "generation": self._state.generation}

    def heal(self, device: str | None = None, fault: str | None = None) -> dict[str, Any]:
        """End faults of a device (none: of all), and forget those that wait or repeat."""
        names = [None] if device in {None, "all"} else self._matching(str(device))
        # `xid=79` heals like `xid`: that is how it was ordered.
        wanted = fault.partition("=")[0] if fault else None
        with self._state.change(f"heal {device or 'all'}") as change:
            healed = [one for name in names for one in heal(change, name, wanted)]
            gone = [one for name in names for one in cancel(change, name, wanted, begun_only=False)]
        return {"healed": healed, "cancelled": gone, "generation": self._state.generation}

    def faults(self) -> dict[str, Any]:
        """Give the faults that are active and the commands that wait."""
        return {
            "active": [asdict(one) for one in records.active(self._state)],
            "pending": [asdict(one) for one in records.pending(self._state)],
        }

    def catalogue(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Give the catalogue of faults; with `kind`, those of such devices."""
        return [
            fault.model_dump(mode="json", exclude_defaults=True)
            for fault in catalogue().values()
            if kind is None or kind in fault.kinds
        ]

    def apply(self, scenario: Mapping[str, Any] | str, seed: int | None = None) -> dict[str, Any]:
        """Start a scenario: a shipped one or a file by name, or what such a file holds."""
        wanted = _scenario(scenario)
        moments = self._unfold(wanted, seed)
        orders = [order for moment in moments for order in self._orders(moment)]
        with self._state.change(f"apply {wanted.scenario}") as change:
            ids = schedule.add(change, orders)
        return {
            "scenario": wanted.scenario,
            "seed": wanted.seed if seed is None else seed,
            "ids": ids,
            "moments": [asdict(moment) for moment in moments],
            "generation": self._state.generation,
        }

    def _order(self, change: Change, device: str, words: list[str]) -> str:
        order = parse(words)
        entry = find(order.fault, kind_of(self._state.device(device)))
        given = values(entry, order.parameters)
        if order.timing == Timing(lasts=order.timing.lasts):
            return inflict(change, device, entry.id, given, lasts=order.timing.lasts)
        action = _action(device, entry.id, given, order.timing)
        return schedule.add(change, [(action, order.timing)])[0]

    def _orders(self, moment: scenario.Moment) -> list[tuple[Mapping[str, Any], Timing]]:
        timing = scenario.timing_of(moment)
        return [
            (self._step(moment, device, timing), timing) for device in self._matching(moment.device)
        ]

    def _step(self, moment: scenario.Moment, device: str, timing: Timing) -> dict[str, Any]:
        if moment.verb == "fault":
            order = parse(moment.words)
            entry = find(order.fault, kind_of(self._state.device(device)))
            return _action(device, entry.id, values(entry, order.parameters), timing)
        action: dict[str, Any] = {"verb": moment.verb, "device": device}
        if moment.verb == "heal":
            action["fault"] = moment.words[0].partition("=")[0] if moment.words else None
        if moment.values is not None:
            action["values"] = dict(moment.values)
        return action

    def _unfold(self, wanted: scenario.Scenario, seed: int | None) -> tuple[scenario.Moment, ...]:
        families: dict[str, list[str]] = {}
        for device in self._state.devices():
            families.setdefault(device.spec.family, []).append(device.name)
        return scenario.unfold(wanted, families, seed)

    def _matching(self, pattern: str) -> list[str]:
        if not set("*?[") & set(pattern):
            return [self._state.device(pattern).name]
        known = [one.name for one in self._state.devices(absent=True)]
        found = fnmatch.filter(known, pattern)
        if not found:
            raise SetupProblem(
                f"no device is called like {pattern!r}", cure=f"there are {', '.join(known)}"
            )
        return found


def _scenario(given: Mapping[str, Any] | str) -> scenario.Scenario:
    return scenario.load(given) if isinstance(given, str) else scenario.understand(given)


def _action(device: str, fault: str, parameters: Any, timing: Timing) -> dict[str, Any]:
    return {
        "verb": "fault",
        "device": device,
        "fault": fault,
        "parameters": parameters,
        "lasts": timing.lasts,
    }


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
