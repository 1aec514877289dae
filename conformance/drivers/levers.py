"""Levers: how a suite plugs and unplugs the hardware of the driver under test."""

import subprocess
from collections.abc import Sequence
from typing import Protocol

from drawplate.conformance.drivers.hardware import UnderDriver, carry_out
from drawplate.conformance.drivers.place import Place
from drawplate.conformance.profile.hardware import LeverName
from drawplate.conformance.profile.model import Profile
from drawplate.emulators.problems import Problem, SetupProblem
from drawplate.emulators.refusals import Refused
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
    def hardware(self) -> UnderDriver | None:
        """The emulated hardware that it finds, if it is emulated."""

    @property
    def node(self) -> Node | None:
        """The cluster's node that it runs on; None at a bench."""

    def render(self, text: str) -> str:
        """Replace the placeholders of a text."""


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
    if lever.emulated:
        _change(driver, name, lever.emulated)
    else:
        _run(driver, name, [driver.render(word) for word in lever.command])
    return lever.devices


def _change(driver: DriverOnNode, name: LeverName, steps: Sequence[str]) -> None:
    if driver.hardware is None:
        raise SetupProblem(
            f"the lever {name!r} changes emulated hardware, but this node has none",
            where=f"{driver.profile.source} (hardware.levers)",
            cure="use a cluster that was made with `drawplate up --machine`",
        )
    for step in steps:
        try:
            carry_out(driver.hardware, step)
        except (Refused, Problem) as error:
            raise SetupProblem(
                f"the lever {name!r} failed: {error}",
                where=step,
                cure="correct hardware.levers of the profile",
            ) from error
    driver.hardware.call("wait")


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
