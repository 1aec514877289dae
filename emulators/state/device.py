"""One emulated device: what the machine file says of it, and what is true of it now."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.state.schema import Property, properties

if TYPE_CHECKING:
    from drawplate.emulators.machine.placed import DeviceSpec

NODE = "node"


class Device:
    """A device, or the pseudo device `node` that has what concerns the whole node.

    Reading needs no lock: a value is replaced as a whole. Only a Change writes.
    """

    __slots__ = ("_properties", "_spec", "_values", "name", "present")

    def __init__(self, name: str, spec: "DeviceSpec | None", scopes: tuple[str, ...]) -> None:
        """Make a device with its first values."""
        self.name = name
        self._spec = spec
        self.present = spec is None or spec.plugged
        self._properties = properties(*scopes)
        self._values = self.first_values()

    @property
    def spec(self) -> "DeviceSpec":
        """What the machine file says. Raises Refused for the node, which is not a device."""
        if self._spec is None:
            raise Refused(Reason.INVALID, "the node itself is not a device")
        return self._spec

    @property
    def properties(self) -> Mapping[str, Property]:
        """What can be said of it."""
        return self._properties

    def first_values(self) -> dict[str, Any]:
        """Give the values that a new device of this specification has."""
        return {key: one.first(self._spec) for key, one in self._properties.items()}

    @property
    def values(self) -> Mapping[str, Any]:
        """All values; a view that follows."""
        return MappingProxyType(self._values)

    def __getitem__(self, key: str) -> Any:
        """Give a value. Raises Refused(NOT_FOUND) when such devices have no such property."""
        try:
            return self._values[key]
        except KeyError:
            raise Refused(Reason.NOT_FOUND, f"{self.name} has no property {key!r}") from None

    def __contains__(self, key: str) -> bool:
        """Tell whether such devices have the property."""
        return key in self._values

    def write(self, key: str, value: Any) -> None:
        """Put a checked value in its place; for changes only."""
        self._values[key] = value


def scopes_of(spec: "DeviceSpec") -> tuple[str, ...]:
    """Give the scopes of properties of a device."""
    return ("common", spec.family, spec.kind)
