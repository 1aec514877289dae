"""Faults that are active and commands that wait, as the node's properties keep them."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from drawplate.emulators.state.change import Change
from drawplate.emulators.state.device import NODE
from drawplate.emulators.state.model import State


@dataclass(frozen=True, slots=True)
class Active:
    """A fault that happened and is not healed. `since` is in seconds since 1970.

    `until` is the moment of the state's clock at which it heals by itself.
    """

    id: str
    fault: str
    device: str
    parameters: Mapping[str, Any]
    since: float
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Pending:
    """Something that is to be done at a moment of the state's clock, or on an occasion.

    `action` is a verb (fault, heal, set, plug, unplug) and its arguments; `left` occurrences of
    `on` pass first; `times` is how often it is still done, none for without end.
    """

    id: str
    action: Mapping[str, Any]
    due: float | None = None
    on: str = ""
    left: int = 0
    every: float | None = None
    times: int | None = 1
    begun: bool = False


def active(state: State) -> tuple[Active, ...]:
    """Give the active faults, oldest first."""
    return tuple(Active(**record) for record in state.device(NODE)["faults.active"])


def pending(state: State) -> tuple[Pending, ...]:
    """Give what waits, oldest first."""
    return tuple(Pending(**record) for record in state.device(NODE)["faults.pending"])


def put_active(change: Change, records: tuple[Active, ...]) -> None:
    """Keep these as the active faults."""
    change.set(NODE, "faults.active", [_plain(record) for record in records])


def put_pending(change: Change, records: tuple[Pending, ...]) -> None:
    """Keep these as what waits."""
    change.set(NODE, "faults.pending", [_plain(record) for record in records])


def next_id(change: Change) -> str:
    """Give an id that no fault or command of this node had before."""
    number = change.state.device(NODE)["faults.number"] + 1
    change.set(NODE, "faults.number", number)
    return f"f{number}"


def _plain(record: Active | Pending) -> dict[str, Any]:
    # Not `asdict`, which copies everything: what records hold is never changed in place.
    return {field.name: getattr(record, field.name) for field in fields(record)}
