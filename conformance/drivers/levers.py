"""Levers: how a suite plugs and unplugs the hardware of the driver under test."""

import subprocess

from drawplate.conformance.drivers.machine import plug_devices
from drawplate.conformance.drivers.process import DriverProcess
from drawplate.conformance.profile.hardware import LeverName
from drawplate.emulators.problems import SetupProblem

COMMAND_SECONDS = 60.0


def pull(driver: DriverProcess, name: LeverName) -> int | None:
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


def _run(driver: DriverProcess, name: LeverName, argv: list[str]) -> None:
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
