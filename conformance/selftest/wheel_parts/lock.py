"""The part of the lock file that a wheel needs at run time, hashes included."""

import email
import importlib.metadata
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from zipfile import ZipFile

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from drawplate.emulators.problems import SetupProblem

LOCK = "requirements.lock"
_PINNED = re.compile(r"([A-Za-z0-9._-]+)==")

Demands = Callable[[str], Sequence[str]]
"""Gives what the distribution of a name demands, each as PEP 508 has it."""


def demands_of_wheel(wheel: Path) -> list[str]:
    """Give what a wheel demands; what only an extra needs carries a marker."""
    with ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = email.message_from_bytes(archive.read(names[0]))
    return list(metadata.get_all("Requires-Dist") or ())


def demands_of_installed(name: str) -> Sequence[str]:
    """Give what a distribution of this environment demands.

    Raises SetupProblem when it is not installed.
    """
    try:
        return importlib.metadata.requires(name) or ()
    except importlib.metadata.PackageNotFoundError as error:
        raise SetupProblem(
            f"{name}, which the wheel needs, is not installed here",
            cure="make the environment anew: remove .venv and call ./run",
        ) from error


def needed(roots: Iterable[str], demands: Demands) -> frozenset[str]:
    """Give the normalized names of all that `roots` need on this machine, directly or not."""
    pending: list[tuple[Requirement, set[str]]] = [(Requirement(text), {""}) for text in roots]
    seen: set[tuple[str, frozenset[str]]] = set()
    while pending:
        one, extras = pending.pop()
        if one.marker and not any(one.marker.evaluate({"extra": extra}) for extra in extras):
            continue
        key = (canonicalize_name(one.name), frozenset(one.extras))
        if key not in seen:
            seen.add(key)
            pending += [(Requirement(text), {"", *one.extras}) for text in demands(key[0])]
    return frozenset(name for name, _ in seen)


def entries(lock: str) -> Mapping[str, str]:
    """Give the entries of a lock file, each with its hashes, by normalized name."""
    found: dict[str, str] = {}
    name = ""
    for line in lock.splitlines(keepends=True):
        if pinned := _PINNED.match(line):
            name = canonicalize_name(pinned[1])
        if name:
            found[name] = found.get(name, "") + line
    return found


def select(lock: str, names: Iterable[str]) -> str:
    """Give the entries of these names. Raises SetupProblem when the lock file lacks one."""
    known = entries(lock)
    wanted = sorted(names)
    lacking = [name for name in wanted if name not in known]
    if lacking:
        raise SetupProblem(
            f"the lock file does not pin {', '.join(lacking)}",
            where=LOCK,
            cure="compile it again, as CONTRIBUTING.md says",
        )
    return "".join(known[name] for name in wanted)
