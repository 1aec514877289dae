"""Compiles the programs that containers work with, and puts them into a node's root."""

import platform
from importlib.resources import files
from pathlib import Path

from drawplate.emulators.compiling import cached, compilers, put, run
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
    # A compiler may lack the static C library; musl's has its own.
    found = compilers("gcc", "musl-gcc", "clang", "cc")
    settings = " ".join((*_FLAGS, *found, platform.machine())).encode()

    def make(to: Path) -> None:
        _compile(found, texts[0], to)

    return cached(source, [settings, *(text.read_bytes() for text in texts)], make)


def install(which: tuple[str, str], root: Path) -> Path:
    """Put a program into `root`, whole or not at all, and give its path. Raises SetupProblem."""
    source, place = which
    return put(program(source), root / place)


def _compile(found: tuple[str, ...], source: Path, to: Path) -> None:
    complaints = ""
    for compiler in found:
        complaint = run([compiler, *_FLAGS, str(source), "-o", str(to)])
        if not complaint:
            return
        complaints = complaints or complaint
    raise SetupProblem(
        f"no C compiler can make {to.name}: {complaints}",
        where=", ".join(found),
        cure="install the static C library (libc6-dev, glibc-static) or musl-tools",
    )
