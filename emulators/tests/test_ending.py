"""The end of a process: a signal may land anywhere in the wait."""

import subprocess
import sys

import pytest

# Sends itself SIGTERM before the line of the wait, or below it, that is the given one in order.
_CHILD = """\
import itertools, os, signal, sys, threading
from drawplate.emulators.ending import Ending

ending = Ending()
ending.on_signals()
lines = itertools.count()

def trace(frame, event, _):
    if event == "line" and next(lines) == int(sys.argv[1]):
        sys.settrace(None)
        os.kill(os.getpid(), signal.SIGTERM)
    return trace

# Where the wait has fewer lines.
threading.Timer(0.5, ending.ask).start()
sys.settrace(trace)
ending.wait()
"""


@pytest.mark.parametrize("line", range(12))
def test_a_signal_inside_the_wait_ends_it(line: int) -> None:
    child = [sys.executable, "-c", _CHILD, str(line)]

    done = subprocess.run(child, timeout=20, check=False, capture_output=True)

    assert (done.returncode, done.stderr) == (0, b"")
