"""How long the command itself takes to start."""

import subprocess
import sys
from collections.abc import Iterator

from drawplate.conformance.selftest.speed_parts.figures import Series
from drawplate.conformance.selftest.speed_parts.session import Clock, Session

COMMANDS = {
    "`drawplate --help`": ["-m", "drawplate.conformance.cli.main", "--help"],
    "Python alone (`python -c ''`)": ["-c", ""],
}


def measure_command(session: Session) -> Iterator[Series]:
    """Start the command and, for comparison, an interpreter that does nothing; by turns."""
    clocks = {title: Clock() for title in COMMANDS}
    for _ in session.rounds("starting the command", session.times(15, 3)):
        for title, arguments in COMMANDS.items():
            with clocks[title].turn():
                subprocess.run([sys.executable, *arguments], stdout=subprocess.DEVNULL, check=True)
    yield from (clock.series(title) for title, clock in clocks.items())
