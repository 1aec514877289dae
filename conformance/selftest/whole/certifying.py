"""Certifies as a user does, and gives what came of it."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from drawplate.reports.model import Report, Result
from drawplate.reports.reading import read


@dataclass(frozen=True, slots=True)
class Certified:
    """One run of `drawplate certify`."""

    code: int
    report: Report
    folder: Path

    def having(self, result: Result) -> set[tuple[str, str]]:
        """Give the ID and height of the requirements with a result."""
        return {(r.id, r.height) for r in self.report.requirements if r.result is result}


def certify(folder: Path, *arguments: str) -> Certified:
    """Run `drawplate certify ARGUMENTS`, with its output among that of the test run."""
    command = [sys.executable, "-m", "drawplate.conformance.cli.main", "certify", *arguments]
    done = subprocess.run([*command, "--out", str(folder)], check=False)
    return Certified(done.returncode, read(folder), folder)
