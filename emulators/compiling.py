"""Compiles the C programs of emulated hardware once, and puts them into nodes' roots."""

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from drawplate.emulators.folders import cache_folder
from drawplate.emulators.problems import SetupProblem


def compilers(*names: str) -> tuple[str, ...]:
    """Give the C compilers of these names that are here, or the one that CC names.

    Raises SetupProblem when there is none.
    """
    wanted = os.environ.get("CC", "")
    found = tuple(path for name in ((wanted,) if wanted else names) if (path := shutil.which(name)))
    if not found:
        raise SetupProblem(
            f"there is no C compiler {wanted}".rstrip(),
            where="PATH",
            cure="install gcc, or name a compiler in the variable CC",
        )
    return found


def run(command: Sequence[str]) -> str:
    """Run a compiler; give what it complains of when it fails, "" when it does not."""
    # The arguments are ours, and the compiler is the one that the user names.
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stderr.strip()[:2000] or "it said nothing") if done.returncode else ""


def cached(name: str, inputs: Iterable[bytes], make: Callable[[Path], None]) -> Path:
    """Give the file `name` that is made of these inputs; nobody may write to it.

    `make` is called with the place for it when no earlier run has made it.
    """
    digest = hashlib.sha256()
    for part in inputs:
        digest.update(part + b"\0")
    made = cache_folder() / "emulators" / digest.hexdigest()[:32] / name
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=made.parent) as scratch:
            make(Path(scratch) / name)
            (Path(scratch) / name).replace(made)
    return made


def put(program: Path, target: Path) -> Path:
    """Put a copy of a program at `target`, whole or not at all, and give that path."""
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    shutil.copyfile(program, part)
    part.chmod(0o755)
    part.replace(target)
    return target
