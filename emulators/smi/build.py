"""Compiles the emulated nvidia-smi, and puts it into a node's root."""

import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from pathlib import Path

from drawplate.emulators.folders import cache_folder
from drawplate.emulators.nvml.build import MACHINE_FLAGS
from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.smi.program import generate, source_folder

# Neither a C library nor a dynamic loader: it runs in images that have nothing.
_FLAGS = (
    *("-std=gnu11", "-Os", "-static", "-nostdlib", "-ffreestanding", "-fno-builtin", "-fno-pie"),
    *("-no-pie", "-fno-stack-protector"),
    *("-fno-strict-aliasing", "-fno-asynchronous-unwind-tables"),
    *(
        "-Wall",
        "-Wextra",
        "-Wno-unused-function",
        "-Wl,--build-id=none",
        "-Wl,-z,noexecstack",
        "-s",
    ),
)
PLACE = "usr/bin/nvidia-smi"


def program(version: str) -> Path:
    """Give the compiled program for a driver version; nobody may write to it.

    Raises SetupProblem without a compiler, or when it fails.
    """
    compiler = _compiler()
    source = generate(version)
    digest = hashlib.sha256()
    for text in (source, compiler, platform.machine(), " ".join(flags(platform.machine()))):
        digest.update(text.encode() + b"\0")
    for path in sorted(source_folder().glob("*.h")):
        digest.update(path.read_bytes())
    folder = cache_folder() / "emulators" / digest.hexdigest()[:32]
    made = folder / "nvidia-smi"
    if not made.exists():
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as scratch:
            written = Path(scratch) / "nvidia-smi.c"
            written.write_text(source, encoding="utf-8")
            _compile(compiler, written, Path(scratch) / "nvidia-smi")
            (Path(scratch) / "nvidia-smi").replace(made)
    return made


def install(version: str, root: Path) -> Path:
    """Put the program into `root`, whole or not at all, and give its path."""
    target = root / PLACE
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    shutil.copyfile(program(version), part)
    part.chmod(0o755)
    part.replace(target)
    return target


def flags(machine: str) -> tuple[str, ...]:
    """Give the compiler's flags for a machine, by the kernel's name of it."""
    return (*_FLAGS, *MACHINE_FLAGS.get(machine, ()))


def _compile(compiler: str, source: Path, to: Path) -> None:
    included = f"-I{source_folder()}"
    command = [compiler, *flags(platform.machine()), included, str(source), "-o", str(to)]
    # The arguments are ours, and the compiler is the one that the user names.
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SetupProblem(
            f"the C compiler cannot make nvidia-smi: {done.stderr.strip()[:2000]}",
            where=" ".join(command),
            cure="use gcc 9 or later, or clang 12 or later; name it in the variable CC",
        )


def _compiler() -> str:
    wanted = os.environ.get("CC", "")
    for name in (wanted,) if wanted else ("gcc", "clang", "cc"):
        found = shutil.which(name)
        if found:
            return found
    raise SetupProblem(
        f"there is no C compiler {wanted}".rstrip(),
        where="PATH",
        cure="install gcc, or name a compiler in the variable CC",
    )
