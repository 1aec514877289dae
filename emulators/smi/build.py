"""Compiles the emulated nvidia-smi, and puts it into a node's root."""

import platform
from pathlib import Path

from drawplate.emulators.compiling import cached, compilers, put, run
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
    [compiler, *_] = compilers("gcc", "clang", "cc")
    source = generate(version)
    options = flags(platform.machine())
    headers = [path.read_bytes() for path in sorted(source_folder().glob("*.h"))]
    texts = (source, compiler, platform.machine(), " ".join(options))

    def make(to: Path) -> None:
        written = to.with_suffix(".c")
        written.write_text(source, encoding="utf-8")
        command = [compiler, *options, f"-I{source_folder()}", str(written), "-o", str(to)]
        if complaint := run(command):
            raise SetupProblem(
                f"the C compiler cannot make nvidia-smi: {complaint}",
                where=" ".join(command),
                cure="use gcc 9 or later, or clang 12 or later; name it in the variable CC",
            )

    return cached("nvidia-smi", [*(text.encode() for text in texts), *headers], make)


def install(version: str, root: Path) -> Path:
    """Put the program into `root`, whole or not at all, and give its path."""
    return put(program(version), root / PLACE)


def flags(machine: str) -> tuple[str, ...]:
    """Give the compiler's flags for a machine, by the kernel's name of it."""
    return (*_FLAGS, *MACHINE_FLAGS.get(machine, ()))
