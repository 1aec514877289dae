"""Whether a model of NVIDIA GPU can be partitioned, and by which geometry."""

from pydantic import model_validator

from drawplate.emulators.located import Part, require
from drawplate.emulators.mig.geometry import geometries


class Mig(Part):
    """The section `mig` of the section `nvidia`; without it the board has no MIG."""

    # A file of emulators/mig/geometries, without its suffix.
    geometry: str

    @model_validator(mode="after")
    def _geometry_is_known(self) -> "Mig":
        known = ", ".join(sorted(geometries()))
        require(
            self.geometry in geometries(),
            f"unknown MIG geometry {self.geometry!r}",
            f"write one of {known}",
            key="geometry",
        )
        return self
