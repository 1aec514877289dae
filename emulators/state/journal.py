"""What was changed, on disk, so that a state process that died goes on where it was.

One line of JSON per change; a write that a kill cut short is the last line, and is left out. When
the file has grown, it is replaced by one line that says everything.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from drawplate.emulators.state.change import CallRule, Change, Changes
from drawplate.emulators.state.device import Device

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State

_log = logging.getLogger(__name__)

# Replaying takes about 10 µs per line, so this is a tenth of a second.
MAX_LINES = 10_000

Line = Mapping[str, Any]


class Journal:
    """The surface that writes the journal."""

    name = "journal"

    def __init__(self, path: Path) -> None:
        """Write to `path`; its folder exists."""
        self.seen = 0
        self._path = path
        self._file: BinaryIO | None = None
        self._lines = 0
        self._state: State | None = None

    def start(self, state: "State") -> None:
        """Begin the file anew, with the state as it is: recovery has replayed what was there."""
        self._state = state
        self._begin(state)

    def apply(self, changes: Changes) -> None:
        """Write one line for what does not come again by itself."""
        self.seen = changes.generation
        if self._state is None or changes.quiet:
            return
        line = _line_of(self._state, changes)
        if self._lines >= MAX_LINES:
            self._begin(self._state)
        elif line and self._file:
            self._file.write(_encode(line))
            self._lines += 1

    def stop(self) -> None:
        """Close the file; it stays."""
        if self._file:
            self._file.close()
            self._file = None

    def _begin(self, state: "State") -> None:
        self.stop()
        part = self._path.with_suffix(".part")
        part.write_bytes(_encode(_whole(state)))
        part.replace(self._path)
        # Unbuffered: what was written survives the process.
        self._file = self._path.open("ab", buffering=0)
        self._lines = 1


def recover(state: "State", path: Path) -> bool:
    """Bring a new state to where the journal ends; tell whether there was one."""
    lines = list(_read(path))
    if not lines:
        return False
    if lines[0].get("machine") != _fingerprint(state):
        _log.warning("the journal is that of another machine, and is left out")
        return False
    late: list[Line] = []
    with state.change("recovery") as change:
        for line in lines:
            late += _replay(change, line)
        for recoverer in state.recoverers:
            recoverer(change)
        for line in late:
            _replay(change, line)
    state.generation = max(state.generation, int(lines[-1].get("generation", 0)))
    return True


def _line_of(state: "State", changes: Changes) -> dict[str, Any]:
    kept: dict[str, Any] = {"generation": changes.generation}
    sets = {
        name: worth
        for name, values in changes.sets.items()
        if (worth := _worth_keeping(state.device(name), values))
    }
    parts = {
        "sets": sets,
        "present": {**dict.fromkeys(changes.plugged, True)}
        | dict.fromkeys(changes.unplugged, False),
    }
    kept.update({key: value for key, value in parts.items() if value})
    if changes.rules_changed:
        kept["rules"] = [asdict(rule) for rule in state.call_rules]
    return kept if len(kept) > 1 else {}


def _worth_keeping(device: Device, values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if not device.properties[key].quiet}


def _whole(state: "State") -> dict[str, Any]:
    everything = [state.device("node"), *state.devices(absent=True)]
    return {
        "machine": _fingerprint(state),
        "generation": state.generation,
        "sets": {one.name: _worth_keeping(one, one.values) for one in everything},
        "present": {one.name: one.present for one in state.devices(absent=True)},
        "rules": [asdict(rule) for rule in state.call_rules],
    }


def _fingerprint(state: "State") -> str:
    """Give what tells apart machines whose journals do not fit each other."""
    places = [[one.name, one.kind, one.address] for one in state.node.devices]
    text = json.dumps([state.node.machine.machine, state.node.node, places])
    return hashlib.sha256(text.encode()).hexdigest()


def _replay(change: Change, line: Line) -> Iterable[Line]:
    """Repeat a line; give what concerns devices that are not there (yet)."""
    known = {"node", *change.state.all_devices}
    late: dict[str, dict[str, Any]] = {}
    for name, values in line.get("sets", {}).items():
        if name in known:
            _set_known(change, name, values)
        else:
            late.setdefault("sets", {})[name] = values
    for name, present in line.get("present", {}).items():
        if name not in known:
            late.setdefault("present", {})[name] = present
        elif change.state.device(name).present != present:
            (change.plug if present else change.unplug)(name)
    if "rules" in line:
        names = {field.name for field in fields(CallRule)}
        for owner in {rule.owner for rule in change.state.call_rules}:
            change.remove_rules(owner)
        for rule in line["rules"]:
            change.add_rule(CallRule(**{key: rule[key] for key in names & set(rule)}))
    return [late] if late else []


def _set_known(change: Change, name: str, values: Mapping[str, Any]) -> None:
    device = change.state.device(name)
    for key, value in values.items():
        # A journal of an older version may know properties that are no more.
        if key in device:
            change.set(device, key, value)


def _read(path: Path) -> Iterator[Line]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    for line in data.split(b"\n"):
        if not line:
            continue
        try:
            yield json.loads(line)
        except ValueError:
            _log.warning("the journal ends in half a line, which is left out")
            return


def _encode(line: Line) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def remove(path: Path) -> None:
    """Forget what was: the next start begins with the machine file."""
    for one in (path, path.with_suffix(".part")):
        one.unlink(missing_ok=True)
