"""How a board can be partitioned: its profiles, their sizes and places, as data per board."""

import functools
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from drawplate.emulators.located import Part, read, require

if TYPE_CHECKING:
    from drawplate.emulators.state.device import Device


class Engines(Part):
    """Engines besides multiprocessors, by the driver's short names for them.

    Copy engines, decoders, encoders, JPEG decoders, optical flow accelerators.
    """

    ce: int = Field(default=0, ge=0)
    dec: int = Field(default=0, ge=0)
    enc: int = Field(default=0, ge=0)
    jpeg: int = Field(default=0, ge=0)
    ofa: int = Field(default=0, ge=0)


class ComputeProfile(Part):
    """A way to use some compute slices of a GPU instance. `profile` is NVML's number of it."""

    profile: int = Field(ge=0)
    slices: int = Field(gt=0)
    sms: int = Field(gt=0)
    starts: tuple[int, ...]


class GpuProfile(Part):
    """A kind of GPU instance.

    `profile` is NVML_GPU_INSTANCE_PROFILE_* (nvml.h), `id` what the driver calls it on this board.
    `slices` are compute slices; `size` and `starts` count memory slices.
    """

    name: str = Field(pattern=r"^\d+g\.\d+gb([+-][a-z.]+)?$")
    profile: int = Field(ge=0)
    id: int = Field(ge=0)
    slices: int = Field(gt=0)
    memory_mib: int = Field(gt=0)
    sms: int = Field(gt=0)
    engines: Engines
    most: int = Field(gt=0)
    size: int = Field(gt=0)
    starts: tuple[int, ...]
    # The order in which the driver tries `starts` when the caller leaves the choice to it.
    preferred: tuple[int, ...]
    compute: tuple[ComputeProfile, ...]
    # What of this entry no capture of a real board has confirmed.
    unconfirmed: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_consistent(self) -> "GpuProfile":
        require(
            sorted(self.preferred) == sorted(self.starts),
            f"{self.name} prefers other starts than it has",
            "write the numbers of `starts` in the order of preference",
            key="preferred",
        )
        for one in self.compute:
            require(
                all(0 <= start <= self.slices - one.slices for start in one.starts),
                f"a compute instance of {self.name} does not fit into it",
                f"keep start and slices within {self.slices}",
                key="compute",
            )
        return self

    def compute_profile(self, profile: int) -> ComputeProfile | None:
        """Give a compute profile by NVML's number; its id within the GPU instance is the same."""
        return next((one for one in self.compute if one.profile == profile), None)

    def compute_name(self, compute: ComputeProfile) -> str:
        """Name a MIG device: `3g.40gb` when it has all compute slices, else `1c.3g.40gb`."""
        whole = compute.slices == self.slices
        return self.name if whole else f"{compute.slices}c.{self.name}"


class Geometry(Part):
    """The partitions that a board offers."""

    memory_slices: int = Field(gt=0)
    compute_slices: int = Field(gt=0)
    # Whether a change of mode takes effect at once on an idle board, or with the next reset.
    activation: Literal["at-once", "reset"]
    profiles: tuple[GpuProfile, ...]

    @model_validator(mode="after")
    def _fits_the_board(self) -> "Geometry":
        for one in self.profiles:
            require(
                all(0 <= start <= self.memory_slices - one.size for start in one.starts),
                f"{one.name} does not fit on the board",
                f"keep start and size within {self.memory_slices}",
                key="profiles",
            )
        for numbers in ([one.profile for one in self.profiles], [one.id for one in self.profiles]):
            require(
                len(set(numbers)) == len(numbers),
                "two profiles have the same number",
                "give each profile a number of its own",
                key="profiles",
            )
        return self

    @property
    def most_devices(self) -> int:
        """The most MIG devices that the board can have (nvmlDeviceGetMaxMigDeviceCount)."""
        return max(one.most for one in self.profiles)

    def profile(self, profile: int) -> GpuProfile | None:
        """Give a profile by NVML's number."""
        return next((one for one in self.profiles if one.profile == profile), None)

    def profile_by_id(self, number: int) -> GpuProfile | None:
        """Give a profile by the driver's number on this board."""
        return next((one for one in self.profiles if one.id == number), None)


@functools.cache
def geometries() -> Mapping[str, Path]:
    """Give the files of the geometries that are known, by name."""
    folder = Path(str(files("drawplate.emulators"))) / "mig" / "geometries"
    return {path.stem: path for path in sorted(folder.glob("*.yaml"))}


@functools.cache
def geometry(name: str) -> Geometry:
    """Read a geometry. Raises SetupProblem when its file is not right, KeyError without one."""
    return read(geometries()[name], Geometry)


def geometry_of(device: "Device") -> Geometry | None:
    """Give the geometry of a device, or none when it cannot be partitioned."""
    nvidia = device.spec.profile.nvidia
    return geometry(nvidia.mig.geometry) if nvidia and nvidia.mig else None
