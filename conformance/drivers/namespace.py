"""Fixed paths of a driver: what replaces each of them, in a mount namespace of the driver alone."""

import os
from pathlib import Path

from drawplate.conformance.drivers.place import Place
from drawplate.conformance.profile.deployment import Process
from drawplate.emulators.problems import SetupProblem


def binds_of(process: Process, driver_name: str, place: Place) -> list[tuple[Path, Path]]:
    """Give (replacement, fixed path) for each path that is not already where it should be.

    Parents come before what lies in them. Raises SetupProblem when a path would hide what the
    driver is told to use, or without the rights to replace paths.
    """
    roles = place.roles(driver_name)
    binds = [
        (roles[role], Path(path))
        for path, role in process.mounts.items()
        if roles[role] != Path(path)
    ]
    binds.sort(key=lambda bind: len(bind[1].parts))
    if binds and os.geteuid() != 0:
        raise SetupProblem(
            "replacing paths for a driver needs root",
            where=f"deploy.process.mounts ({', '.join(process.mounts)})",
            cure="run as root, or give the driver flags for its folders instead of mounts",
        )
    for _, path in binds:
        _refuse_hiding(path, place, driver_name)
    return binds


def outside(path: str, binds: list[tuple[Path, Path]]) -> Path:
    """Give the path by which this machine opens what the driver calls `path`."""
    inside = Path(path)
    for source, target in reversed(binds):
        if inside.is_relative_to(target):
            return source / inside.relative_to(target)
    return inside


def _refuse_hiding(path: Path, place: Place, driver_name: str) -> None:
    told = [*place.roles(driver_name).values(), place.kubeconfig, *place.binaries.values()]
    hidden = [entry for entry in told if entry.resolve().is_relative_to(path.resolve())]
    if hidden:
        raise SetupProblem(
            f"replacing {path} for the driver would hide {hidden[0]} from it",
            where="deploy.process.mounts",
            cure=f"replace a folder inside {path} only, or put the node's folders elsewhere",
        )
