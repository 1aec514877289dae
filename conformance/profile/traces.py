"""What of an allocation shows inside a container, as a profile declares it."""

from pydantic import Field, model_validator

from drawplate.conformance.profile.section import (
    IDENTITY_GROUP,
    Pattern,
    Section,
    Slug,
    Text,
    refusal,
    require_one,
)


class Variable(Section):
    """An environment variable."""

    name: Pattern
    """A regular expression for its whole name."""
    value: Pattern = ".*"
    """A regular expression for its whole value, or for each part of it."""
    separator: Text | None = None
    """What parts a value that names several devices, for example a comma."""


class Trace(Section):
    """One place in a container where something shows; every expression must match the whole."""

    environment: Variable | None = None
    """An environment variable."""
    device_node: Pattern | None = None
    """The path of a device node."""
    mount: Pattern | None = None
    """The path at which something is mounted: a file or a folder."""
    interface: Pattern | None = None
    """The name of a network interface."""

    @model_validator(mode="after")
    def _one_trace(self) -> "Trace":
        require_one(self, "environment", "device_node", "mount", "interface")
        return self

    @property
    def expressions(self) -> tuple[str, ...]:
        """Give the regular expressions of the one place that is set."""
        if self.environment:
            return (self.environment.name, self.environment.value)
        return tuple(filter(None, (self.device_node, self.mount, self.interface)))


class Effect(Trace):
    """What a configuration does: something that shows, or that must not."""

    absent: bool = False
    """The opposite: it must not show."""


class Mark(Trace):
    """A trace that tells which device a container got."""

    name: Slug
    """Its name in reports."""
    shows: Text
    """What the group (?P<identity>…) equals, from {device} {pool} {attribute:NAME} {claim}
    {request}; for example "{attribute:uuid}" or "{pool}/{device}"."""
    underscored: bool = False
    """Whether everything but letters and digits reads as an underscore there."""

    @model_validator(mode="after")
    def _tells_identity(self) -> "Mark":
        groups = sum(expression.count(f"(?P<{IDENTITY_GROUP}>") for expression in self.expressions)
        if groups != 1:
            raise refusal(
                "identity_group",
                f"a mark needs exactly one group (?P<{IDENTITY_GROUP}>…), found {groups}",
                f"name the part that identifies the device: '/dev/acme(?P<{IDENTITY_GROUP}>[0-9]+)'",
            )
        return self


class Observe(Section):
    """Where allocations of this driver show."""

    marks: tuple[Mark, ...] = Field(default=())
    """Every trace that tells identities: a container that has a device shows all of them."""
