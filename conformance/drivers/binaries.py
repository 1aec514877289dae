"""Binaries that a profile takes from our component cache."""

from collections.abc import Mapping
from pathlib import Path

from drawplate.conformance.profile.model import Profile
from drawplate.conformance.profile.placeholders import components_used
from drawplate.emulators.problems import SetupProblem
from drawplate.fixtures.clusters.components.get import ensure
from drawplate.fixtures.progress import Progress


def ensure_binaries(profile: Profile, progress: Progress) -> Mapping[str, Path]:
    """Give the binaries that the profile's commands name, got first if they are missing.

    Raises SetupProblem when a component cannot be got, or lacks the binary that is named.
    """
    process = profile.deploy.process
    needs = process.needs if process else ()
    found = ensure(needs, progress) if needs else {}
    missing = components_used(profile) - set(found)
    if missing:
        raise SetupProblem(
            f"no component of the profile has the binary {min(missing)!r}",
            where=f"{profile.source} (deploy.process.needs)",
            cure=f"these components give {', '.join(sorted(found)) or 'nothing'}; "
            "`drawplate components ls` lists all",
        )
    return found
