"""Compiles the programs that containers work with, and puts them into a node's root."""

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from importlib.resources import files
from pathlib import Path

from drawplate.emulators.folders import cache_folder
from drawplate.emulators.problems import SetupProblem

# Static: they run in images that have nothing.
_FLAGS = ("-std=gnu11", "-O2", "-static", "-s", "-Wall", "-Wextra", "-Wl,--build-id=none")

# Source, and where the program stands in a node's root.
WORK = ("drawplate_work", "usr/bin/drawplate-work")
MPS_CONTROL = ("mps_control", "usr/bin/nvidia-cuda-mps-control")


def program(source: str) -> Path:
    """Give a compiled program; nobody may write to it.

    Raises SetupProblem without a C compiler that can make static programs.
    """
    folder = Path(str(files("drawplate.emulators"))) / "work" / "program"
    texts = [folder / f"{source}.c", folder / "talk.h"]
    compilers = _compilers()
    digest = hashlib.sha256(" ".join((*_FLAGS, *compilers, platform.machine())).encode())
    for text in texts:
        digest.update(text.read_bytes())
    made = cache_folder() / "emulators" / digest.hexdigest()[:32] / source
    if not made.exists():
        made.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=made.parent) as scratch:
            _compile(compilers, texts[0], Path(scratch) / source)
            (Path(scratch) / source).replace(made)
    return made


def install(which: tuple[str, str], root: Path) -> Path:
    """Put a program into `root`, whole or not at all, and give its path. Raises SetupProblem."""
    source, place = which
    target = root / place
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    shutil.copyfile(program(source), part)
    part.chmod(0o755)
    part.replace(target)
    return target


def _compilers() -> tuple[str, ...]:
    wanted = os.environ.get("CC", "")
    # A compiler may lack the static C library; musl's has its own.
    names = (wanted,) if wanted else ("gcc", "musl-gcc", "clang", "cc")
    found = tuple(path for name in names if (path := shutil.which(name)))
    if not found:
        raise SetupProblem(
            f"there is no C compiler {wanted}".rstrip(),
            where="PATH",
            cure="install gcc, or name a compiler in the variable CC",
        )
    return found


def _compile(compilers: tuple[str, ...], source: Path, to: Path) -> None:
    errors = ""
    for compiler in compilers:
        command = [compiler, *_FLAGS, str(source), "-o", str(to)]
        # The arguments are ours, and the compiler is the one that the user names.
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not done.returncode:
            return
        errors = errors or done.stderr
    raise SetupProblem(
        f"no C compiler can make {to.name}: {errors.strip()[:2000]}",
        where=", ".join(compilers),
        cure="install the static C library (libc6-dev, glibc-static) or musl-tools",
    )
