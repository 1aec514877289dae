"""What waits for its moment or its occasion, and is done in the change that brings it about."""

import fnmatch
import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from drawplate.emulators.faults import records
from drawplate.emulators.faults.command import Timing
from drawplate.emulators.faults.happening import act, end_if_told, heal
from drawplate.emulators.refusals import Refused
from drawplate.emulators.state.change import CallRule, Change
from drawplate.emulators.state.device import NODE
from drawplate.emulators.state.model import State

_log = logging.getLogger(__name__)

# An interface tells with this event that a call to which a rule without an answer applies came.
CALL_EVENT = "call"

_OCCASIONS = frozenset({"event", "generation"})

# A repetition whose moments were missed (a stopped process) does not make up for all of them.
_MOST_AT_ONCE = 1000


def add(change: Change, orders: Iterable[tuple[Mapping[str, Any], Timing]]) -> list[str]:
    """Let each action wait for its moment or occasion; give their ids."""
    now = change.state.clock.now()
    waiting = [
        records.Pending(
            id=records.next_id(change),
            action=action,
            due=None if timing.on else now + timing.delay,
            on=timing.on,
            left=timing.after,
            every=timing.every,
            times=timing.times,
        )
        for action, timing in orders
    ]
    records.put_pending(change, (*records.pending(change.state), *waiting))
    for one in waiting:
        _watch_calls(change, one)
    return [one.id for one in waiting]


def _watch_calls(change: Change, waiting: records.Pending) -> None:
    # The interface whose call is waited for tells when it comes.
    surface, call = _call(waiting) or ("", "")
    if call:
        device = waiting.action["device"]
        change.add_rule(
            CallRule(
                owner=waiting.id,
                surface=surface,
                call=call,
                device=None if device == NODE else device,
                after=waiting.left,
                count=1,
            )
        )


def _call(waiting: records.Pending) -> tuple[str, str] | None:
    surface, _, call = waiting.on.partition(":")
    return (surface, call) if call and surface not in _OCCASIONS else None


def next_moment(state: State) -> float | None:
    """Give the moment of the clock at which something is to be done next."""
    moments = [one.due for one in records.pending(state) if one.due is not None]
    moments += [one.until for one in records.active(state) if one.until is not None]
    return min(moments, default=None)


def do_due(change: Change) -> None:
    """Do everything whose moment has come, in the order of the moments."""
    state = change.state
    for _ in range(_MOST_AT_ONCE):
        moment = next_moment(state)
        if moment is None or moment > state.clock.now():
            return
        # A fault ends before the next one begins at the same moment.
        over = [one for one in records.active(state) if one.until == moment]
        if over:
            heal(change, fault=over[0].id)
        else:
            _do(change, next(one for one in records.pending(state) if one.due == moment))


def follow(change: Change) -> None:
    """Do what waits for an event of this change, or for its generation; part of the change."""
    end_if_told(change)
    generation = change.state.generation + 1
    for waiting in records.pending(change.state):
        if waiting.on.startswith("generation:") and int(waiting.on[11:]) <= generation:
            _do(change, waiting)
    waiting_now = records.pending(change.state)
    position = 0
    # What happens may emit events that others wait for.
    while waiting_now and position < len(change.emitted):
        name, device, data = change.emitted[position]
        position += 1
        for waiting in waiting_now:
            occasion = waiting.on and _is_occasion(waiting, name, device, data)
            # One of those before it may have cancelled it.
            if occasion and waiting in records.pending(change.state):
                _count(change, waiting)
                waiting_now = records.pending(change.state)


def _is_occasion(
    waiting: records.Pending, name: str, device: str | None, data: Mapping[str, Any]
) -> bool:
    if name == CALL_EVENT:
        return data.get("owner") == waiting.id
    about = waiting.action["device"]
    devices = data.get("devices")
    concerned = device in {None, about} and (not devices or about in {NODE, *devices})
    wanted = waiting.on.removeprefix("event:")
    return fnmatch.fnmatchcase(name, wanted) and (concerned or about == NODE)


def _count(change: Change, waiting: records.Pending) -> None:
    # The rule of a call has counted those that pass.
    if waiting.left > 0 and not _call(waiting):
        _keep(change, waiting, replace(waiting, left=waiting.left - 1))
    else:
        _do(change, waiting)


def _do(change: Change, waiting: records.Pending) -> None:
    again = None
    more = waiting.times is None or waiting.times > 1
    if waiting.every is not None and more:
        start = change.state.clock.now() if waiting.due is None else waiting.due
        times = None if waiting.times is None else waiting.times - 1
        again = replace(waiting, due=start + waiting.every, on="", left=0, times=times, begun=True)
    change.remove_rules(waiting.id)
    _keep(change, waiting, again)
    try:
        act(change, waiting.action)
    except Refused as refused:
        # Nobody waits for the answer; who looks at the events sees it.
        _log.warning("%s could not be done: %s", dict(waiting.action), refused)
        change.emit("fault-refused", None, id=waiting.id, reason=str(refused))


def _keep(change: Change, waiting: records.Pending, instead: records.Pending | None) -> None:
    kept = [instead if one.id == waiting.id else one for one in records.pending(change.state)]
    records.put_pending(change, tuple(one for one in kept if one is not None))
