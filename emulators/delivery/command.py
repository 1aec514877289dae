"""Runs one command in the foreground: its signals, its exit status."""

import os
import shutil
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from drawplate.emulators.problems import SetupProblem

NOT_FOUND = 127
NOT_EXECUTABLE = 126
_SIGNALLED = 128

_FORWARDED = (
    signal.SIGHUP,
    signal.SIGINT,
    signal.SIGQUIT,
    signal.SIGTERM,
    signal.SIGUSR1,
    signal.SIGUSR2,
)
# Python ignores these, and what is ignored stays so in a new program.
_RESTORED = (signal.SIGPIPE, signal.SIGXFSZ)


class NoSuchCommand(SetupProblem):
    """The command cannot be run; the exit code is a shell's."""

    def __init__(self, what: str, *, where: str, exit_code: int) -> None:
        """Keep the exit code too."""
        super().__init__(what, where=where)
        self.exit_code = exit_code


def run_command(
    argv: Sequence[str], environment: Mapping[str, str], on_other: Callable[[int, int], None]
) -> int:
    """Run `argv`, pass signals on to it, and give its exit code; 128 + N after signal N.

    `on_other` is told the pid and status of other children that end meanwhile.
    Raises NoSuchCommand when it cannot be run.
    """
    program = _find(argv[0], environment.get("PATH"))
    watched = {signal.SIGCHLD, *_FORWARDED}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, watched)
    try:
        # Signals must be open in the command, and blocked here before it can send any.
        pid = os.posix_spawn(
            program, [*argv], dict(environment), setsigmask=before, setsigdef=_RESTORED
        )
        return _follow(pid, watched, on_other)
    except OSError as error:
        raise NoSuchCommand(
            f"the command cannot be run: {error.strerror}",
            where=program,
            exit_code=NOT_EXECUTABLE,
        ) from None
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _find(name: str, path: str | None) -> str:
    program = shutil.which(name, path=path)
    if program is not None:
        return program
    if "/" in name and os.path.lexists(name):
        raise NoSuchCommand("the command is not executable", where=name, exit_code=NOT_EXECUTABLE)
    raise NoSuchCommand("there is no such command", where=name, exit_code=NOT_FOUND)


def _follow(pid: int, watched: set[signal.Signals], on_other: Callable[[int, int], None]) -> int:
    while True:
        heard = signal.sigwaitinfo(watched)
        if heard.si_signo == signal.SIGCHLD:
            for ended, status in _reaped():
                if ended == pid:
                    code = os.waitstatus_to_exitcode(status)
                    return code if code >= 0 else _SIGNALLED - code
                on_other(ended, status)
        # The terminal sends its signals, which are the kernel's, to the command as well.
        elif heard.si_code <= 0:
            with suppress(ProcessLookupError):
                os.kill(pid, heard.si_signo)


def _reaped() -> list[tuple[int, int]]:
    found = []
    with suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            found.append((pid, status))
    return found
