"""What all devices of one model have in common: one file per model in machines/profiles."""

import functools
from importlib.resources import files
from pathlib import Path

from pydantic import Field

from drawplate.emulators.located import Part, read


class Profile(Part):
    """One model of device: its names, its size, how its driver shows it."""

    kind: str
    product: str
    architecture: str
    memory_mib: int = Field(gt=0)
    # Keys of the machine's `driver` mapping: the kernel driver and the compute runtime.
    driver: str
    runtime: str
    # The device nodes are `<node><minor>` with this major number.
    node: str = Field(pattern=r"^/dev/[a-z0-9-]+$")
    major: int = Field(gt=0, lt=4096)


@functools.cache
def profiles() -> dict[str, Profile]:
    """Give the device models that are known, by name."""
    return {name: read(path, Profile) for name, path in shipped_files("machines/profiles").items()}


def shipped_files(folder: str) -> dict[str, Path]:
    """Give the YAML files that come with the emulators in `folder`, by name."""
    found = Path(str(files("drawplate.emulators"))) / folder
    return {path.stem: path for path in found.glob("*.yaml")}
