"""What DRM and SR-IOV tell of one model of Intel GPU."""

from typing import Annotated, Literal

from pydantic import Field

from drawplate.emulators.located import Part

_Positive = Annotated[int, Field(gt=0)]


class Frequencies(Part):
    """MHz: hardware's least (RPn), most efficient (RPe) and greatest (RP0)."""

    rpn: _Positive
    rpe: _Positive
    rp0: _Positive


class Intel(Part):
    """The section `intel` of a profile."""

    # The driver that binds it, which decides what the files are called.
    driver: Literal["i915", "xe"]
    tiles: int = Field(default=1, ge=1, le=4)
    # On each tile; xe makes one for media beside the one for graphics.
    graphics_units: int = Field(default=1, ge=1, le=2)
    frequencies: Frequencies
    # Watts; the limit can be set up to the rated power.
    rated_power: _Positive
    idle_power: _Positive
    critical_celsius: _Positive = 100
    # Whether the firmware can be reached through a management engine device (/dev/meiN).
    mei: bool = True
