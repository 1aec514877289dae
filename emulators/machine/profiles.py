"""What all devices of one model have in common: one file per model in machines/profiles."""

import functools
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from drawplate.emulators.located import Part, parse, read, require
from drawplate.emulators.machine.sections.amd import Amd
from drawplate.emulators.machine.sections.intel import Intel
from drawplate.emulators.machine.sections.nic import Nic
from drawplate.emulators.machine.sections.nvidia import Nvidia
from drawplate.emulators.machine.sections.tpu import Tpu

Family = Literal["gpu", "tpu", "nic"]
FAMILY_OF_KIND: dict[str, Family] = {
    "nvidia-gpu": "gpu",
    "amd-gpu": "gpu",
    "intel-gpu": "gpu",
    "tpu": "tpu",
    "nic": "nic",
}

SECTION_OF_KIND = {
    "nvidia-gpu": "nvidia",
    "amd-gpu": "amd",
    "intel-gpu": "intel",
    "tpu": "tpu",
    "nic": "nic",
}

_Hex4 = Annotated[str, Field(pattern=r"^[0-9a-f]{4}$")]


class Pci(Part):
    """The PCI function of a model, as its configuration space and sysfs show it."""

    vendor: _Hex4
    device: _Hex4
    # Class, subclass and programming interface, `030200`.
    class_: str = Field(alias="class", pattern=r"^[0-9a-f]{6}$")
    revision: str = Field(default="00", pattern=r"^[0-9a-f]{2}$")
    subsystem_vendor: _Hex4
    subsystem_device: _Hex4
    config_bytes: Literal[64, 256, 4096] = 4096
    # Bytes of each memory region, in order; 0 leaves one out.
    bars: tuple[int, ...] = Field(default=(), max_length=6)
    # As the kernel writes it, `32.0 GT/s PCIe`.
    link_speed_gts: str = Field(pattern=r"^(2\.5|5\.0|8\.0|16\.0|32\.0|64\.0) GT/s PCIe$")
    link_width: int = Field(ge=1, le=32)
    kernel_driver: str = ""
    # Virtual functions that the capability advertises, and the profile of each.
    sriov_total: int = Field(default=0, ge=0, le=65535)
    virtual_function: str | None = None
    # Functions of one device, all of the same kind: .0, .1, …
    functions: int = Field(default=1, ge=1, le=8)

    @model_validator(mode="after")
    def _bars_are_powers_of_two(self) -> "Pci":
        odd = [size for size in self.bars if size & (size - 1)]
        require(
            not odd,
            f"a memory region has {odd[0] if odd else 0} bytes, which is no power of two",
            "write the size in bytes, for instance 16777216",
            key="bars",
        )
        return self


class Profile(Part):
    """One model of device: its names, its size, how its driver and the kernel show it.

    With `like: NAME` it is as that shipped profile, but for what it says itself.
    """

    kind: str
    family: Family
    product: str
    architecture: str
    # 0 where the device has no memory of its own.
    memory_mib: int = Field(ge=0)
    # Keys of the machine's `driver` mapping: the kernel driver and the compute runtime.
    driver: str
    runtime: str | None = None
    pci: Pci
    # How many of the model one host can have, where the maker allows only some numbers.
    per_host: tuple[int, ...] = ()
    # Dimensions of the interconnect of TPUs: 2 or 3; 0 where there is none.
    ici_dimensions: Literal[0, 2, 3] = 0
    uuid_prefix: str = ""

    nvidia: Nvidia | None = None
    amd: Amd | None = None
    intel: Intel | None = None
    tpu: Tpu | None = None
    nic: Nic | None = None

    @model_validator(mode="before")
    @classmethod
    def _begin_like_another(cls, data: Any) -> Any:
        if not isinstance(data, dict) or "like" not in data:
            return data
        known = shipped_files("machines/profiles")
        name = data["like"]
        require(
            name in known,
            f"unknown profile {name!r}",
            f"write one of {', '.join(known)}",
            key="like",
        )
        own = {key: value for key, value in data.items() if key != "like"}
        return _merged(parse(known[name]), own)

    @model_validator(mode="after")
    def _family_fits_kind(self) -> "Profile":
        family = FAMILY_OF_KIND.get(self.kind)
        require(
            family is not None,
            f"unknown kind {self.kind!r}",
            f"write one of {', '.join(FAMILY_OF_KIND)}",
            key="kind",
        )
        require(
            family == self.family,
            f"devices of kind {self.kind!r} are of the family {family!r}",
            f"write `family: {family}`",
            key="family",
        )
        return self

    @model_validator(mode="after")
    def _section_is_there(self) -> "Profile":
        section = SECTION_OF_KIND[self.kind]
        require(
            getattr(self, section) is not None,
            f"a profile of kind {self.kind!r} needs a section {section!r}",
            "begin with `like: NAME` of a similar shipped profile, or copy its section",
            key="kind",
        )
        return self


def _merged(under: Any, over: Any) -> Any:
    if isinstance(under, dict) and isinstance(over, dict):
        return {**under, **{key: _merged(under.get(key), value) for key, value in over.items()}}
    return over


@functools.cache
def shipped_profile(name: str) -> Profile:
    """Read one of the models that come with the emulators. Raises KeyError for another name."""
    return read(shipped_files("machines/profiles")[name], Profile)


def profiles() -> dict[str, Profile]:
    """Give the device models that are known, by name."""
    return {name: shipped_profile(name) for name in shipped_files("machines/profiles")}


def shipped_files(folder: str) -> dict[str, Path]:
    """Give the YAML files that come with the emulators in `folder`, by name."""
    found = Path(str(files("drawplate.emulators"))) / folder
    return {path.stem: path for path in sorted(found.glob("*.yaml"))}
