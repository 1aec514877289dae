"""The driver's own word on its version, for the report."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.placeholders import render

VERSION_SECONDS = 20.0


def version_of(profile: Profile, binaries: Mapping[str, Path]) -> str:
    """Run the version command and give the first line of its output.

    Gives "" when the profile has no such command, and the reason in parentheses when it fails: a
    version that is not known is no reason not to test.
    """
    if not profile.driver.version:
        return ""
    values = {"python": sys.executable}
    values |= {f"component:{name}": str(path) for name, path in binaries.items()}
    argv = [render(word, values) for word in profile.driver.version]
    try:
        done = subprocess.run(
            argv, capture_output=True, text=True, timeout=VERSION_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"(not known: {error})"
    lines = (done.stdout.strip() or done.stderr.strip()).splitlines()
    if done.returncode or not lines:
        return f"(not known: the version command left with status {done.returncode})"
    return lines[0]
