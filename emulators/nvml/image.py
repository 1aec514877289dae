"""A device's record as it goes into the pages: which property changes which bytes."""

import functools
import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from drawplate.emulators.nvml import pages_layout
from drawplate.emulators.nvml.rendering import errors, identity, links, partitions, processes
from drawplate.emulators.state.device import Device
from drawplate.emulators.state.model import State

_log = logging.getLogger(__name__)

_MODULES = (identity, errors, links, processes, partitions)


class Image:
    """The bytes of one record, kept up to date."""

    def __init__(self, state: State, device: Device) -> None:
        """Render everything."""
        self._state = state
        self._device = device
        self._struct = pages_layout.layouts()["gpu"]
        self.bytes = bytearray(self._struct.size)
        self.render(pages_layout.device_members())

    def update(self, keys: Iterable[str]) -> None:
        """Render what follows from these properties."""
        depending = _depending()
        self.render({name for key in keys for name in depending.get(key, ())})

    def render(self, names: Iterable[str]) -> None:
        """Render members of the record."""
        for name in names:
            entry = pages_layout.device_members()[name]
            try:
                value = self._value(entry)
                pages_layout.layouts().put(self.bytes, 0, self._struct.member(name), value)
            except (AttributeError, KeyError, TypeError, ValueError):
                # Properties of JSON can be given any shape by hand; what fits is shown.
                device = self._device.name
                _log.warning("%s of %s cannot be shown as it was set", name, device, exc_info=True)

    def _value(self, entry: Mapping[str, Any]) -> Any:
        if "by" in entry:
            return _renderer(entry["by"])(self._state, self._device)
        source = entry["from"]
        if isinstance(source, list):
            found = [self._plain(key, entry) for key in source]
            # The members of the array that no property is named for are not there.
            return found + [-1] * (int(entry["type"].partition("(")[2].rstrip(")")) - len(found))
        value = self._plain(source, entry)
        return list(value) if isinstance(value, list | tuple) else value

    def _plain(self, key: str, entry: Mapping[str, Any]) -> Any:
        value = self._device[key]
        times = entry.get("times", 1)
        return value * times if times != 1 and value >= 0 else value


def members_by_structure() -> tuple[str, ...]:
    """Give the members that depend on which devices there are."""
    return ("present", "ancestors", "nvlink_active", "nvlink_remote")


@functools.cache
def _depending() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for name, entry in pages_layout.device_members().items():
        source = entry.get("from", entry.get("with", []))
        for key in source if isinstance(source, list) else [source]:
            found[key].append(name)
    return {key: tuple(names) for key, names in found.items()}


@functools.cache
def _renderer(name: str) -> Callable[[State, Device], Any]:
    for module in _MODULES:
        found: Callable[[State, Device], Any] | None = getattr(module, name, None)
        if found is not None:
            return found
    message = f"record.yaml names {name!r}, which no module of rendering has"
    raise ValueError(message)
