"""The machine file of a node: put there from the profile, and edited as hardware comes and goes."""

from pathlib import Path
from typing import Any

import yaml

from drawplate.conformance.profile.model import Profile
from drawplate.emulators import machine as machines
from drawplate.emulators.problems import SetupProblem


def machine_source(profile: Profile) -> Path | None:
    """Find the machine file that the profile names; None when it names none.

    Raises SetupProblem when it is not there or not a machine file.
    """
    name = profile.hardware.machine
    if name is None:
        return None
    beside = profile.folder / name
    file = beside if beside.is_file() else machines.shipped().get(name)
    if file is None:
        raise SetupProblem(
            f"there is no machine {name!r}",
            where=f"{profile.source} (hardware.machine)",
            cure=f"shipped are {', '.join(sorted(machines.shipped()))}; or name a file beside the "
            "profile",
        )
    machines.load(str(file))
    return file


def install_machine(profile: Profile, target: Path) -> None:
    """Put the profile's machine file at `target`, unless one is there already."""
    source = machine_source(profile)
    if source and not target.exists():
        _write(target, source.read_text(encoding="utf-8"))


def plug_devices(file: Path, count: int) -> None:
    """Edit a machine file so that its first `count` places have their device, and no others.

    Raises SetupProblem when the machine has fewer places.
    """
    data: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    left = count
    for group in data["devices"]:
        places = group["at"] if isinstance(group["at"], list) else [group["at"]]
        group["unplugged"] = places[left:]
        left = max(0, left - len(places))
    if left:
        raise SetupProblem(
            f"the machine has no place for {left} more devices",
            where=str(file),
            cure="name a smaller count in hardware.levers, or a machine with free places",
        )
    _write(file, yaml.safe_dump(data, sort_keys=False))


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    # Renamed into place: a driver that watches the file never reads half of it.
    part = file.with_name(f".{file.name}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
