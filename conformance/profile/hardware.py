"""What hardware a driver finds, and how a suite changes it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from drawplate.conformance.profile.section import Argv, Section, Text, require_one

LeverName = Literal["unplug", "replug", "plug"]


# A command of `drawplate hw`, without the words before the verb.
Step = Annotated[
    str,
    StringConstraints(
        pattern=r"^((un)?plug [a-z0-9]+|(fault|set) [a-z0-9]+ \S.*|heal [a-z0-9]+.*)$"
    ),
]


class Lever(Section):
    """One way to change the hardware."""

    emulated: tuple[Step, ...] = ()
    """Change the emulated machine: `unplug gpu7`, `plug gpu7`, `fault gpu3 xid=79`, `heal gpu3`."""
    command: Argv = ()
    """Run a command; no shell; placeholders are replaced."""
    devices: int | None = Field(default=None, ge=0)
    """How many devices the driver then publishes."""

    @model_validator(mode="after")
    def _one_way(self) -> "Lever":
        require_one(self, "emulated", "command")
        return self


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
    """A shipped machine by name, or a machine file beside the profile: the node is emulated as that
    machine, and {hardwareRoot} is the folder with its sys/, dev/, proc/ and usr/."""
    devices: int | None = Field(default=None, ge=0)
    """How many devices the driver publishes on it."""
    levers: Levers = Levers()
    """Ways to change it."""
