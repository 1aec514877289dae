"""A command in the foreground: its exit code is ours, and signals reach it."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

# glibc ignores the two signals that it uses itself (32 and 33) in what it spawns.
LIBRARYS_OWN = 0b11 << 31

# What whoever started the tests ignores (nohup: SIGHUP) is handed on, and a shell cannot trap it.
RUN = """
import os, signal, sys
from drawplate.emulators.delivery.command import NoSuchCommand, run_command
for number in (signal.SIGHUP, signal.SIGINT, signal.SIGUSR1):
    signal.signal(number, signal.SIG_DFL if number != signal.SIGINT else signal.default_int_handler)
try:
    code = run_command(sys.argv[1:], os.environ, lambda pid, status: print("other", status))
except NoSuchCommand as problem:
    code = problem.exit_code
sys.exit(code)
"""


def exit_code(*argv: str) -> int:
    return subprocess.run([sys.executable, "-c", RUN, *argv], check=False).returncode


@pytest.mark.parametrize(
    ("argv", "code"),
    [
        (("true",), 0),
        (("sh", "-c", "exit 7"), 7),
        (("sh", "-c", "kill -KILL $$"), 128 + signal.SIGKILL),
        (("no-such-program",), 127),
        (("/no/such/program",), 127),
        (("/etc/passwd",), 126),
        (("/etc",), 126),
    ],
)
def test_the_exit_code_is_that_of_a_shell(argv: tuple[str, ...], code: int) -> None:
    assert exit_code(*argv) == code


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_to_us_reaches_the_command(number: signal.Signals) -> None:
    told = f"trap 'echo heard; exit 9' {number}; echo ready; while :; do sleep 60 & wait; done"
    with subprocess.Popen(
        [sys.executable, "-c", RUN, "sh", "-c", told],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as ours:
        assert ours.stdout
        assert ours.stdout.readline() == "ready\n"
        ours.send_signal(number)
        assert ours.stdout.readline() == "heard\n"
        assert ours.wait() == 9
    # What the shell had in the background.
    with suppress(ProcessLookupError):
        os.killpg(ours.pid, signal.SIGKILL)


def test_the_command_finds_no_signal_blocked_or_ignored() -> None:
    shown = subprocess.run(
        [sys.executable, "-c", RUN, "cat", "/proc/self/status"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    masks = dict(line.split(":\t") for line in shown.splitlines() if line.startswith("Sig"))
    own = Path("/proc/self/status").read_text(encoding="ascii")

    assert int(masks["SigBlk"], 16) == 0
    # pytest itself may have been started with signals ignored.
    inherited = int(next(x for x in own.splitlines() if x.startswith("SigIgn")).split()[1], 16)
    assert int(masks["SigIgn"], 16) & ~inherited & ~LIBRARYS_OWN == 0
