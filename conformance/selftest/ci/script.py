"""Runs the script that CIs run, with a folder as workspace, as the step of a job does."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from drawplate.emulators.folders import cache_folder

SCRIPT = Path(str(files("drawplate.conformance") / "ci" / "certify.sh"))
PATIENCE = 900.0


@dataclass(frozen=True, slots=True)
class Done:
    """One run of the script: its exit code, what it printed, and what it handed on."""

    code: int
    told: str
    outputs: Mapping[str, str]
    summary: str


@dataclass(frozen=True)
class Job:
    """A job of a CI: a workspace, the files that GitHub gives to a step, a state of its own.

    `script` is called with the environment's `drawplate` on PATH, unless it lies in a checkout;
    `through` is a command that runs it as another user.
    """

    folder: Path
    script: Path
    programs: Path = field(default=Path(sys.executable).parent)
    through: tuple[str, ...] = ()

    @classmethod
    def outside(cls, folder: Path) -> "Job":
        """Give a job that has no checkout: the script lies alone in a folder."""
        alone = folder / "script"
        alone.mkdir()
        return cls.of(folder, Path(shutil.copy(SCRIPT, alone)))

    @classmethod
    def of(cls, folder: Path, script: Path) -> "Job":
        """Give a job that calls this script, with an empty workspace in `folder`."""
        job = cls(folder, script)
        job.workspace.mkdir()
        return job

    @property
    def workspace(self) -> Path:
        """The folder that the step runs in."""
        return self.folder / "workspace"

    @property
    def report(self) -> Path:
        """The report folder, where nothing else is asked for."""
        return self.workspace / "drawplate-report"

    def run(self, *arguments: str, **wishes: str) -> Done:
        """Run the script; `wishes` are its variables without their prefix."""
        with self.start(*arguments, **wishes) as process:
            return self.end(process)

    def start(self, *arguments: str, **wishes: str) -> "subprocess.Popen[str]":
        """Start the script in a process group of its own."""
        for name in ("output", "summary"):
            (self.folder / name).unlink(missing_ok=True)
        return subprocess.Popen(
            [*self.through, "bash", str(self.script), *arguments],
            cwd=self.workspace,
            env=self._environment(wishes),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            process_group=0,
        )

    def end(self, process: "subprocess.Popen[str]") -> Done:
        """Wait for the end of the script."""
        try:
            told, _ = process.communicate(timeout=PATIENCE)
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            raise
        return Done(process.returncode, told, dict(self._outputs()), self._read("summary"))

    def _environment(self, wishes: Mapping[str, str]) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("DRAWPLATE_", "GITHUB_", "PYTEST_"))
        }
        # A `drawplate` of the user's would be called where none is meant to be.
        search = [e for e in os.environ["PATH"].split(":") if not (Path(e) / "drawplate").exists()]
        return {
            **kept,
            **{f"DRAWPLATE_{name.upper()}": value for name, value in wishes.items()},
            "PATH": ":".join([str(self.programs), *search]),
            "XDG_STATE_HOME": str(self.folder / "s"),
            "XDG_CACHE_HOME": str(cache_folder().parent),
            "GITHUB_ACTIONS": "true",
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
        }

    def _outputs(self) -> Iterator[tuple[str, str]]:
        for line in self._read("output").splitlines():
            name, _, value = line.partition("=")
            yield name, value

    def _read(self, name: str) -> str:
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.is_file() else ""
