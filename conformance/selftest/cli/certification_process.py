"""A certification as a process whose every file lies in one folder, so that all that is its can be found."""

import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from drawplate.emulators.folders import cache_folder
from drawplate.fixtures.clusters.local.processes import ProcessIdentity, wait_for

# How long the end of something may take before it is called a leak, in seconds.
PATIENCE = 60.0
PROGRAM = (sys.executable, "-m", "drawplate.conformance.cli.main")
COMMAND = (*PROGRAM, "certify", "reference", "--height", "bench")


class Certifying:
    """`drawplate certify reference --height bench`, started in a process group of its own."""

    def __init__(self, folder: Path, *argv: str) -> None:
        """Start it; state, scratch and report lie below `folder`."""
        self.folder = folder
        self.state, self.scratch, self.out = (folder / name for name in ("s", "t", "out"))
        self.scratch.mkdir()
        self.told: list[str] = []
        self._process = subprocess.Popen(
            [*COMMAND, "--out", str(self.out), *argv],
            env=os.environ
            | {
                "XDG_STATE_HOME": str(self.state),
                "XDG_CACHE_HOME": str(cache_folder().parent),
                "TMPDIR": str(self.scratch),
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def until(self, pattern: str) -> None:
        """Read what it tells until a line matches."""
        assert self._process.stderr
        for line in self._process.stderr:
            self.told.append(line)
            if re.search(pattern, line):
                return
        raise AssertionError(f"it ended before it told {pattern!r}:\n{''.join(self.told)}")

    def signal(self, number: signal.Signals, *, group: bool = False) -> None:
        """Send a signal to it alone, or to its group as a terminal does."""
        (os.killpg if group else os.kill)(self._process.pid, number)

    def end(self) -> int:
        """Wait for its end; gives the exit code."""
        _, rest = self._process.communicate(timeout=PATIENCE)
        self.told.append(rest)
        return self._process.returncode

    def processes(self) -> list[ProcessIdentity]:
        """Give the running processes that name the folder in their command or environment."""
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                words = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
                if str(self.folder).encode() in words:
                    found.append(ProcessIdentity.of(int(process.name)))
        return [each for each in found if each]

    def files(self) -> list[Path]:
        """Give the files of state and scratch."""
        return [path for place in (self.state, self.scratch) for path in place.rglob("*")]

    def clean(self) -> None:
        """End it and what it left, so that a failed test leaves nothing."""
        self._process.kill()
        self._process.communicate()
        for identity in self.processes():
            with suppress(ProcessLookupError):
                os.kill(identity.pid, signal.SIGKILL)


def still_running(processes: list[ProcessIdentity]) -> list[ProcessIdentity]:
    """Wait for the end of these processes; gives those that do not end."""
    end = time.monotonic() + PATIENCE
    left = []
    for identity in processes:
        descriptor = identity.open()
        if descriptor is not None:
            if not wait_for(descriptor, timeout=max(0.0, end - time.monotonic())):
                left.append(identity)
            os.close(descriptor)
    return left
