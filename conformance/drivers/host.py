"""A process of this machine that dies with Drawplate and is waited for without polling."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from drawplate.emulators.problems import SetupProblem

LAUNCHER = Path(__file__).with_name("launch.py")

# The kernel's death signal comes when the *thread* that started a process ends; this one thread
# starts them all and lives as long as the interpreter.
_STARTER = ThreadPoolExecutor(max_workers=1, thread_name_prefix="driver-starter")


class HostProcess:
    """A process in a session of its own, killed by the kernel when Drawplate ends."""

    def __init__(self, popen: "subprocess.Popen[bytes]") -> None:
        """Take over a process that leads its own process group."""
        self._popen = popen
        self._descriptor = os.pidfd_open(popen.pid)

    def __del__(self) -> None:
        with suppress(OSError, AttributeError):
            os.close(self._descriptor)

    @classmethod
    def start(
        cls,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        log: Path,
        binds: Sequence[tuple[Path, Path]] = (),
    ) -> "HostProcess":
        """Start `argv` with exactly `env`, its output added to `log`, `binds` replaced for it.

        Raises SetupProblem when the command cannot be executed or a path cannot be replaced.
        """
        reader, writer = os.pipe()
        command = launch_command(argv, binds, parent=os.getpid(), report=writer)
        with os.fdopen(reader, encoding="utf-8", errors="replace") as report:
            try:
                popen = _STARTER.submit(_spawn, command, dict(env), log, writer).result()
            finally:
                os.close(writer)
            process = cls(popen)
            # Reads until the execution closes the other end, or until the launcher's message.
            failure = report.read()
        if failure:
            process.wait()
            raise SetupProblem(
                f"the driver cannot be started: {failure}",
                where=" ".join(argv),
                cure="correct deploy.process of the profile; `drawplate profile check` helps",
            )
        return process

    @property
    def pid(self) -> int:
        """The process's ID."""
        return self._popen.pid

    def poll(self) -> int | None:
        """Give the exit status (negative: the signal) or None while the process runs."""
        try:
            return self.wait(0)
        except TimeoutError:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait at most `timeout` seconds and give the exit status; what it left running is killed.

        Raises `TimeoutError` when the process still runs then.
        """
        if self._popen.returncode is None:
            ended = select.poll()
            ended.register(self._descriptor, select.POLLIN)
            if not ended.poll(None if timeout is None else timeout * 1000):
                raise TimeoutError(f"process {self.pid} still runs after {timeout:g} s")
            # As in a container, nothing outlives the first process. Until it is reaped, its pid
            # and so the number of its group belong to nobody else.
            self._kill_group()
        return self._popen.wait()

    def send(self, number: int) -> None:
        """Send a signal; a process that ended already is no error."""
        self._popen.send_signal(number)

    def kill(self) -> int:
        """Kill the whole process group with SIGKILL and give the exit status."""
        if self._popen.returncode is None:
            self._kill_group()
        return self.wait()

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)


def launch_command(
    argv: Sequence[str], binds: Sequence[tuple[Path, Path]], *, parent: int = 0, report: int = 0
) -> list[str]:
    """Give the command that becomes `argv`, with `binds` replaced for it alone.

    `parent` is the process to die with, `report` a descriptor for a failure's reason; 0 is none.
    """
    plan = {
        "argv": list(argv),
        "binds": [(str(source), str(path)) for source, path in binds],
        "parent": parent,
        "report": report,
    }
    # -I and -S: the launcher needs nothing but the standard library, and starts sooner.
    return [sys.executable, "-I", "-S", str(LAUNCHER), json.dumps(plan)]


def _spawn(
    command: list[str], env: dict[str, str], log: Path, writer: int
) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=env,
            pass_fds=(writer,),
            start_new_session=True,
        )
