"""What hardware a driver finds, and how a suite changes it."""

from typing import Literal

from pydantic import Field, model_validator

from drawplate.conformance.profile.section import Argv, Section, Text, require_one

LeverName = Literal["unplug", "replug", "plug"]


class MachineEdit(Section):
    """A change of the machine file that the driver reads."""

    count: int = Field(ge=0)
    """How many devices the machine then has."""


class Lever(Section):
    """One way to change the hardware."""

    machine: MachineEdit | None = None
    """Edit the machine file of the node."""
    command: Argv = ()
    """Run a command; no shell; placeholders are replaced."""
    devices: int | None = Field(default=None, ge=0)
    """How many devices the driver then publishes; left out: as many as the machine has."""

    @model_validator(mode="after")
    def _one_way(self) -> "Lever":
        require_one(self, "machine", "command")
        return self

    @property
    def expected_devices(self) -> int | None:
        """Give how many devices are published afterwards; None when the profile does not say."""
        if self.devices is None and self.machine:
            return self.machine.count
        return self.devices


class Levers(Section):
    """Ways to change the hardware while the driver runs."""

    unplug: Lever | None = None
    """Take a device away."""
    replug: Lever | None = None
    """Put it back: everything is as at first."""
    plug: Lever | None = None
    """Put in a device that was not there at first."""

    def named(self) -> dict[LeverName, Lever]:
        """Give those that the profile has."""
        known: dict[LeverName, Lever | None] = {
            "unplug": self.unplug,
            "replug": self.replug,
            "plug": self.plug,
        }
        return {name: lever for name, lever in known.items() if lever}


class Hardware(Section):
    """The devices of one node."""

    machine: Text | None = None
    """A shipped machine by name, or a machine file beside the profile; it is copied into the
    node's state folder and given to the driver as {machineFile}."""
    devices: int | None = Field(default=None, ge=0)
    """How many devices the driver publishes on it."""
    levers: Levers = Levers()
    """Ways to change it."""
