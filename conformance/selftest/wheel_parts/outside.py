"""A clean environment outside the repository, with nothing in it but a wheel and what it needs."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from drawplate.conformance.selftest.wheel_parts import lock
from drawplate.emulators.problems import SetupProblem
from drawplate.fixtures.progress import Progress

PLACES = "drawplate.conformance.selftest.wheel_parts.places"
TOLD_LINES = 15
# What would be compiled is far more than what is run, and takes most of the time.
PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
UV = ("pip", "install", "--quiet", "--python")


def clean(environment: Mapping[str, str], checkout: Path, scripts: Path) -> dict[str, str]:
    """Give an environment in which `scripts` come first and nothing leads to the checkout."""
    search = environment.get("PATH", os.defpath).split(os.pathsep)
    kept = [entry for entry in search if entry and not Path(entry).is_relative_to(checkout)]
    return {
        name: value
        for name, value in environment.items()
        if name != "VIRTUAL_ENV" and not name.startswith(("PYTHON", "PYTEST_"))
    } | {"PATH": os.pathsep.join([str(scripts), *kept])}


@dataclass(frozen=True, slots=True)
class Outside:
    """A virtual environment, and an empty folder in which its commands run."""

    venv: Path
    folder: Path
    environment: Mapping[str, str]

    @classmethod
    def make(cls, scratch: Path, checkout: Path) -> "Outside":
        """Make both below `scratch`. Raises SetupProblem."""
        venv, folder = scratch / "venv", scratch / "empty"
        folder.mkdir()
        made = cls(venv, folder, clean(os.environ, checkout, venv / "bin"))
        # Its base is the interpreter that our own environment was made of, not that environment.
        made.must("no virtual environment can be made", sys.executable, "-m", "venv", str(venv))
        return made

    def install(self, wheel: Path, checkout: Path, progress: Progress) -> None:
        """Install a wheel with what it needs, as the lock file of the checkout pins it.

        Raises SetupProblem.
        """
        names = lock.needed(lock.demands_of_wheel(wheel), lock.demands_of_installed)
        pins = wheel.with_name("runtime.lock")
        text = (checkout / lock.LOCK).read_text(encoding="utf-8")
        pins.write_text(lock.select(text, names), encoding="utf-8")
        with progress.step(f"installing the wheel and the {len(names)} packages that it needs"):
            self._install("--require-hashes", "-r", str(pins))
            self._install("--no-deps", str(wheel))

    def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of the environment, or one by its full path, in the empty folder."""
        program = str(self.venv / "bin" / command[0])
        return subprocess.run(
            [program, *command[1:]],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def must(self, trouble: str, *command: str) -> None:
        """Run a command without which nothing can be shown. Raises SetupProblem."""
        done = self.run(*command)
        if done.returncode:
            raise SetupProblem(
                f"{trouble}:\n{tail(done)}",
                where=" ".join(command),
                cure="see that this Python has venv and pip, and that the package index answers",
            )

    def places(self) -> dict[str, Any]:
        """Give what the installation tells of its places. Raises SetupProblem."""
        done = self.run("python", "-m", PLACES)
        if done.returncode:
            raise SetupProblem(f"the installed wheel does not tell its places:\n{tail(done)}")
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    def _install(self, *arguments: str) -> None:
        """Install by uv where `./run` has put it, as that does; else by pip, which is slower."""
        uv = Path(sys.executable).with_name("uv")
        if uv.exists():
            self.must("uv cannot install", str(uv), *UV, str(self.venv / "bin/python"), *arguments)
        else:
            self.must("pip cannot install", "python", *PIP, *arguments)


def tail(done: "subprocess.CompletedProcess[str]") -> str:
    """Give the last lines that a command wrote."""
    lines = (done.stdout + done.stderr).strip().splitlines()[-TOLD_LINES:]
    return "\n".join(f"    {line}" for line in lines) or "    (it wrote nothing)"
