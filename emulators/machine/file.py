"""The machine file: which hardware an emulated node has, where it sits, and what it calls itself."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, model_validator

from drawplate.emulators.faults.scenario import Step
from drawplate.emulators.located import Part, written
from drawplate.emulators.machine import device_checks, fabric_checks, pci_checks
from drawplate.emulators.machine.fabric import Fabric
from drawplate.emulators.machine.groups import Devices
from drawplate.emulators.machine.profiles import Profile, shipped_files, shipped_profile
from drawplate.emulators.machine.topology import Numa, Root

# A part of file names, such as libnvidia-ml.so.VERSION.
Version = Annotated[str, written(r"[0-9A-Za-z][0-9A-Za-z.+~_-]*", "580.95.05")]


@dataclass(frozen=True, slots=True)
class Numbered:
    """One entry of a group, with its number within the family over the whole machine."""

    index: int
    group: Devices
    at: int
    profile: Profile

    @property
    def address(self) -> str:
        """Where it sits."""
        return self.group.at[self.at]


class Chassis(Part):
    """The box, as firmware (DMI) describes it."""

    vendor: str = "Drawplate"
    product: str = ""
    serial: str = ""
    asset_tag: str = ""


class Machine(Part):
    """One node's hardware."""

    machine: Annotated[str, written(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", "dgx-h100")]
    about: str = ""
    arch: Literal["x86_64", "aarch64"] = "x86_64"
    numa: Numa = Numa(nodes=1)
    pci: tuple[Root, ...] = ()
    devices: tuple[Devices, ...] = ()
    driver: dict[str, Version] = Field(default_factory=dict)
    fabric: Fabric = Fabric()
    chassis: Chassis = Chassis()
    # What a cloud's metadata server tells: machine_type, zone, project, …
    cloud: dict[str, str] = Field(default_factory=dict)
    # Models that no shipped profile describes; they win over shipped ones of the same name.
    profiles: dict[str, Profile] = Field(default_factory=dict)
    # What goes wrong by itself, as steps of a scenario that begins with the node.
    faults: tuple[Step, ...] = ()

    @model_validator(mode="after")
    def _parts_agree(self) -> "Machine":
        device_checks.check_profiles(self)
        pci_checks.check_places(self)
        pci_checks.check_bridges(self)
        device_checks.check_versions(self)
        device_checks.check_counts(self)
        device_checks.check_identities(self)
        device_checks.check_virtual_functions(self)
        device_checks.check_network(self)
        device_checks.check_names(self)
        fabric_checks.check_fabric(self)
        return self

    def known_profiles(self) -> list[str]:
        """Give the names of the models: of those that are shipped, and of the file's own."""
        return sorted({*shipped_files("machines/profiles"), *self.profiles})

    def profile(self, name: str) -> Profile:
        """Give the model of that name. Raises KeyError when there is none."""
        return self.profiles.get(name) or shipped_profile(name)

    def numbered(self) -> Iterator[Numbered]:
        """Yield every device and every empty place.

        An empty place keeps its number, as a re-plugged card gets its old one back.
        """
        numbers: dict[str, int] = {}
        for group in self.devices:
            profile = self.profile(group.profile)
            for at in range(len(group.at)):
                index = numbers[profile.family] = numbers.get(profile.family, -1) + 1
                yield Numbered(index, group, at, profile)
