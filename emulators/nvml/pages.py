"""The surface `nvml`: shows the state in the pages of the library that clients load."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.nvml import node_record, pages_layout
from drawplate.emulators.nvml.answers import answer_set
from drawplate.emulators.nvml.build import install
from drawplate.emulators.nvml.image import Image, members_by_structure
from drawplate.emulators.nvml.layout import data
from drawplate.emulators.nvml.mapping import Mapping
from drawplate.emulators.nvml.rules import SURFACE, own_rules, rule_set
from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.refusals import Refused
from drawplate.emulators.state.change import CallRule, Changes, Event
from drawplate.emulators.state.device import NODE

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State

_log = logging.getLogger(__name__)

# What calls have to look after, as bits of the header's `watched`.
_RULES, _TRACED = 1, 2
_NO_INSTANCE = 0xFFFFFFFF


class Pages:
    """Writes every change into the library's pages before the change is over."""

    name = SURFACE

    def __init__(self, root: Path, folder: Path) -> None:
        """Show the state in a library below `root`; the node's sockets are in `folder`."""
        self.seen = 0
        self.library: Path | None = None
        # By number, which a rule keeps for as long as it is there: clients count by it.
        self.rules: dict[int, CallRule] = {}
        self._last_rule = 0
        self._root = root
        self._folder = folder
        self._tracing = False
        self._images: dict[str, Image] = {}

    def start(self, state: "State") -> None:
        """Build the library and show everything. Raises SetupProblem."""
        self._state = state
        devices = node_record.records(state)
        if len(devices) > pages_layout.MOST_DEVICES:
            raise SetupProblem(
                f"{len(devices)} NVIDIA GPUs are more than {pages_layout.MOST_DEVICES}",
                where=state.node.machine.machine,
                cure="leave some out",
            )
        version = node_record.driver_version(state)
        if not version:
            raise SetupProblem(
                "the machine has NVIDIA GPUs and no driver version",
                where=state.node.machine.machine,
                cure='write `driver: {nvidia: "580.95.05"}`',
            )
        self.library = install(version, self._root)
        self._map = Mapping(self.library)
        self._records = [one.name for one in devices]
        self._write_header()
        for one in devices:
            self._images[one.name] = Image(state, one)
            self._write_device(one.name)
        self._write_answers()
        self._write_rules()
        self._write_node()
        self._show(state.generation)

    def apply(self, changes: Changes) -> None:
        """Write what changed; then tell of events; then of the generation."""
        for name, values in changes.sets.items():
            if name in self._images:
                self._images[name].update(values)
                self._write_device(name)
                if "answers" in values:
                    self._write_answers()
        if changes.structural:
            self._write_structure()
        if changes.rules_changed:
            self._write_rules()
        if changes.structural or NODE in changes.sets:
            self._write_node()
        self._tell(changes.events)
        self._show(changes.generation)

    def stop(self) -> None:
        """Let go of the pages. The library stays: programs that have it go on with what it shows."""
        self._images.clear()
        if self.library is not None:
            self._map.close()
            self.library = None

    def record_of(self, device: str) -> int:
        """Give the number of a device's record. Raises ValueError when it has none."""
        return self._records.index(device)

    @property
    def records(self) -> Sequence[str]:
        """The devices in the order of their records."""
        return tuple(self._records)

    @property
    def tracing(self) -> bool:
        """Whether clients report every call to calls.sock."""
        return self._tracing

    @tracing.setter
    def tracing(self, tracing: bool) -> None:
        self._tracing = tracing
        self._write_watched()

    def _write_header(self) -> None:
        place = self._map.place
        self._map.publish(place("header", "layout"), pages_layout.VERSION)
        self._map.publish(place("header", "magic"), pages_layout.MAGIC)

    def _write_device(self, name: str) -> None:
        slot = self._map.place("devices", self._records.index(name))
        copies = pages_layout.layouts()["gpu_slot"].member("copies").offset
        data_of = self._images[name].bytes
        self._map.write_copy(slot, len(data_of), slot + copies, data_of)

    def _write_structure(self) -> None:
        for name, image in self._images.items():
            image.render(members_by_structure())
            self._write_device(name)

    def _write_answers(self) -> None:
        try:
            self._write_slot("answers", answer_set(node_record.records(self._state)))
        except Refused as refused:
            _log.warning("answers are not shown: %s", refused)

    def _write_rules(self) -> None:
        known = {rule: number for number, rule in self.rules.items()}
        self.rules = {}
        for rule in own_rules(self._state.call_rules):
            if rule not in known:
                self._last_rule += 1
            self.rules[known.get(rule, self._last_rule)] = rule
        self._write_slot("rules", rule_set(self.rules, self._records))
        self._write_watched()

    def _write_watched(self) -> None:
        watched = _RULES * bool(self.rules) | _TRACED * self._tracing
        self._map.publish(self._map.place("header", "watched"), watched)

    def _write_node(self) -> None:
        record = node_record.node_record(self._state, self._folder)
        self._write_slot("node", record)
        structure = self._map.place("structure")
        self._map.publish(structure, self._map.number(structure) + 1)

    def _write_slot(self, name: str, data_of: bytearray) -> None:
        slot = self._map.place(name)
        copies = pages_layout.layouts()[f"{name}_slot"].member("copies").offset
        self._map.write_copy(slot, len(data_of), slot + copies, data_of)

    def _tell(self, events: Iterable[Event]) -> None:
        kinds = data("events.yaml")["kinds"]
        head = self._map.place("header", "events_head")
        told = [one for one in events if one.name in kinds and one.device in self._images]
        for event in told:
            self._write_event(event, kinds[event.name], self._map.number(head))
            self._map.publish(head, self._map.number(head) + 1)
        if told or any(self._state.device(name)["lost.wakes"] for name in self._images):
            self._map.wake(head)

    def _write_event(self, event: Event, kind: dict[str, object], number: int) -> None:
        layouts = pages_layout.layouts()
        record = layouts["event"]
        place = self._map.place("events", number % pages_layout.KEPT_EVENTS)
        buffer = bytearray(record.size)
        values = {
            "number": number,
            "device": self._records.index(str(event.device)),
            "kind": kind["type"],
            "data": _number(event.data.get(str(kind["data"]))),
            "gi": _instance(event.data.get("gi")),
            "ci": _instance(event.data.get("ci")),
            "time": int(event.time * 1e6),
        }
        for name, value in values.items():
            layouts.put(buffer, 0, record.member(name), value)
        # A reader that is at this place meanwhile finds a number that is not its own.
        self._map.publish(place, ~number)
        self._map.write(place + 4, bytes(buffer[4:]))
        self._map.publish(place, number)

    def _show(self, generation: int) -> None:
        self._map.write(self._map.place("header", "generation"), generation.to_bytes(8, "little"))
        self.seen = generation


def _number(value: object) -> int:
    return int(value) if isinstance(value, int | float) else 0


def _instance(value: object) -> int:
    return int(value) if isinstance(value, int) else _NO_INSTANCE
