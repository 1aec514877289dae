"""One transaction on the state: what it sets, and what others are told of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.device import NODE, Device, scopes_of

if TYPE_CHECKING:
    from drawplate.emulators.machine.placed import DeviceSpec
    from drawplate.emulators.state.model import State


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened at a moment; `time` is in seconds since 1970."""

    number: int
    time: float
    name: str
    device: str | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CallRule:
    """What an interface answers to some calls in place of the truth.

    `call` is a glob: an NVML function's name, a path below a tree's root, a URL's path. `result`
    is the name of a code of that interface ("GPU_IS_LOST", "EIO", "503"), or none for the truth
    after `delay_ms`. The first `after` calls pass; after `count` more the rule is over.
    """

    owner: str
    surface: str
    call: str
    device: str | None = None
    result: str | None = None
    delay_ms: int = 0
    after: int = 0
    count: int | None = None
    container: str | None = None


@dataclass(frozen=True, slots=True)
class Changes:
    """What one committed change did."""

    generation: int
    cause: str
    quiet: bool
    sets: Mapping[str, Mapping[str, Any]]
    plugged: tuple[str, ...]
    unplugged: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    events: tuple[Event, ...]
    rules_changed: bool

    @property
    def structural(self) -> bool:
        """Tell whether devices came or went."""
        return bool(self.plugged or self.unplugged or self.added or self.removed)


@dataclass(slots=True)
class Change:
    """A change under way, with the state locked. Values are seen at once, and undone on failure."""

    state: "State"
    cause: str
    quiet: bool
    sets: dict[str, dict[str, Any]] = field(default_factory=dict)
    plugged: list[str] = field(default_factory=list)
    unplugged: list[str] = field(default_factory=list)
    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    emitted: list[tuple[str, str | None, dict[str, Any]]] = field(default_factory=list)
    rules_before: tuple[CallRule, ...] | None = None
    _undo: list[tuple[Device, str, Any]] = field(default_factory=list)
    _before: dict[str, Device] = field(default_factory=dict)
    _presence: list[tuple[Device, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Remember which devices there were."""
        self._before = dict(self.state.all_devices)

    def set(self, device: Device | str, key: str, value: Any) -> None:
        """Set a property. Raises Refused when there is none or the value does not fit."""
        one = self._device(device)
        known = one.properties.get(key)
        if known is None:
            raise Refused(Reason.NOT_FOUND, f"{one.name} has no property {key!r}")
        checked = known.check(key, value)
        if one[key] != checked:
            self._undo.append((one, key, one[key]))
            one.write(key, checked)
            self.sets.setdefault(one.name, {})[key] = checked

    def update(self, device: Device | str, values: Mapping[str, Any]) -> None:
        """Set several properties of one device."""
        for key, value in values.items():
            self.set(device, key, value)

    def plug(self, device: Device | str) -> None:
        """Put the device into its place. Raises Refused when it is there."""
        self._move(device, self.plugged, self.unplugged, present=True)

    def unplug(self, device: Device | str) -> None:
        """Take the device away; what it was is kept for when it comes back."""
        self._move(device, self.unplugged, self.plugged, present=False)

    def add(self, spec: "DeviceSpec", values: Mapping[str, Any] | None = None) -> Device:
        """Bring a new device into being, such as a virtual function."""
        if spec.name in self.state.all_devices:
            raise Refused(Reason.EXISTS, f"there is a device {spec.name}")
        device = Device(spec.name, spec, scopes_of(spec))
        self.state.all_devices[spec.name] = device
        self.added.append(spec.name)
        self.update(device, values or {})
        return device

    def remove(self, device: Device | str) -> None:
        """End a device that was added."""
        one = self._device(device)
        del self.state.all_devices[one.name]
        self.sets.pop(one.name, None)
        if one.name in self.added:
            self.added.remove(one.name)
        else:
            self.removed.append(one.name)

    def emit(self, name: str, device: str | None = None, **data: Any) -> None:
        """Tell of something that happens with this change."""
        self.emitted.append((name, device, data))

    def reset(self) -> None:
        """Bring every device that the machine file has to its first values and place.

        Devices that came at run time go; recoverers make those that belong to the first values.
        """
        first = {spec.name for spec in self.state.node.devices}
        for name in [name for name in self.state.all_devices if name not in first]:
            self.remove(name)
        for device in [self.state.device(NODE), *self.state.all_devices.values()]:
            self.update(device, device.first_values())
            if device.name != NODE and device.present != device.spec.plugged:
                (self.unplug if device.present else self.plug)(device)
        self._set_rules(())

    def add_rule(self, rule: CallRule) -> None:
        """Let an interface answer some calls by a rule."""
        self._set_rules((*self.state.call_rules, rule))

    def remove_rules(self, owner: str) -> None:
        """Take the rules of `owner` away."""
        self._set_rules(tuple(rule for rule in self.state.call_rules if rule.owner != owner))

    @property
    def empty(self) -> bool:
        """Tell whether nothing would differ."""
        moved = self.plugged or self.unplugged or self.added or self.removed
        return not (self.sets or moved or self.emitted or self.rules_before is not None)

    def roll_back(self) -> None:
        """Undo everything."""
        for device, key, value in reversed(self._undo):
            device.write(key, value)
        for device, present in reversed(self._presence):
            device.present = present
        self.state.all_devices.clear()
        self.state.all_devices.update(self._before)
        if self.rules_before is not None:
            self.state.call_rules = self.rules_before

    def _set_rules(self, rules: tuple[CallRule, ...]) -> None:
        if rules != self.state.call_rules:
            if self.rules_before is None:
                self.rules_before = self.state.call_rules
            self.state.call_rules = rules

    def _move(
        self, device: Device | str, there: list[str], back: list[str], *, present: bool
    ) -> None:
        one = self._device(device)
        if one.present == present:
            where = "there already" if present else "not there"
            raise Refused(Reason.INVALID, f"{one.name} is {where}")
        self._presence.append((one, one.present))
        one.present = present
        # There and back within one change is still seen by those who are told of it.
        if one.name in back:
            back.remove(one.name)
        else:
            there.append(one.name)

    def _device(self, device: Device | str) -> Device:
        return self.state.device(device) if isinstance(device, str) else device
