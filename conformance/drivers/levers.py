"""Levers: how a suite plugs and unplugs the hardware of the driver under test."""

import subprocess
from pathlib import Path
from typing import Protocol

from drawplate.conformance.drivers.machine import plug_devices
from drawplate.conformance.drivers.place import Place
from drawplate.conformance.profile.hardware import LeverName
from drawplate.conformance.profile.model import Profile
from drawplate.emulators.problems import SetupProblem
from drawplate.fixtures.clusters.provider import Node

COMMAND_SECONDS = 60.0


class DriverOnNode(Protocol):
    """What a lever needs to know: a DriverProcess or a DeployedDriver."""

    @property
    def profile(self) -> Profile:
        """The driver's profile."""

    @property
    def place(self) -> Place:
        """Where it runs."""

    @property
    def node(self) -> Node | None:
        """The cluster's node that it runs on; None at a bench."""

    def render(self, text: str) -> str:
        """Replace the placeholders of a text."""

    def outside(self, path: str) -> Path:
        """Give the path by which this machine opens a path of the driver."""


def pull(driver: DriverOnNode, name: LeverName) -> int | None:
    """Change the hardware; give how many devices the driver must publish then, None if unknown.

    Raises SetupProblem when the profile has no such lever or its command fails.
    """
    lever = driver.profile.lever(name)
    if lever is None:
        raise SetupProblem(
            f"the profile has no lever {name!r}",
            where=f"{driver.profile.source} (hardware.levers)",
            cure="add it, or leave capabilities.hotplug out",
        )
    if lever.machine:
        plug_devices(driver.outside(str(driver.place.machine)), lever.machine.count)
    else:
        _run(driver, name, [driver.render(word) for word in lever.command])
    return lever.expected_devices


def _run(driver: DriverOnNode, name: LeverName, argv: list[str]) -> None:
    try:
        if driver.node:
            done = driver.node.run(argv, timeout=COMMAND_SECONDS)
        else:
            done = subprocess.run(
                argv, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
            )
        reason = done.stderr.strip() if done.returncode else ""
        failed = done.returncode != 0
    except (OSError, subprocess.TimeoutExpired) as error:
        failed, reason = True, str(error)
    if failed:
        raise SetupProblem(
            f"the lever {name!r} failed: {reason or 'it said nothing'}",
            where=" ".join(argv),
            cure="correct hardware.levers of the profile",
        )
