"""Finding and reading machine files: those that come with Drawplate, and any other."""

import re
from pathlib import Path

from drawplate.emulators.located import read
from drawplate.emulators.machine.file import Machine
from drawplate.emulators.machine.profiles import shipped_files
from drawplate.emulators.problems import SetupProblem


def shipped() -> dict[str, Path]:
    """Give the machine files that come with Drawplate, by name."""
    return shipped_files("machines")


def load(name_or_path: str) -> Machine:
    """Read a shipped machine by name, or any machine file by path.

    Raises SetupProblem, with the line and a cure, when there is none or it is not right.
    """
    return read(locate(name_or_path), Machine)


def locate(name_or_path: str) -> Path:
    """Give the file of a shipped machine, or the path itself. Raises SetupProblem for no name."""
    if re.fullmatch(r"[A-Za-z0-9_-]+", name_or_path):
        path = shipped().get(name_or_path)
        if path is None and not Path(name_or_path).exists():
            raise SetupProblem(
                f"unknown machine {name_or_path!r}",
                cure=f"write one of {', '.join(sorted(shipped()))}, or the path of a machine file",
            )
        return path or Path(name_or_path)
    return Path(name_or_path)
