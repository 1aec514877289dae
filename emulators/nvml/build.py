"""Compiles the library for a driver version, and puts a node's own copy of it into its root."""

import functools
import platform
import struct
import subprocess
from pathlib import Path

from drawplate.emulators.compiling import cached, compilers, put, run
from drawplate.emulators.nvml.generate import PAGE, generate, source_folder
from drawplate.emulators.nvml.sections import SECTION, section
from drawplate.emulators.problems import SetupProblem, SuiteError

SONAME = "libnvidia-ml.so.1"
# Debian's names, which the driver's packages and NVIDIA's tools look for.
TRIPLETS = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu"}
_FLAGS = (
    *("-std=gnu11", "-O2", "-fPIC", "-shared", "-fvisibility=hidden"),
    *("-ffreestanding", "-nostdlib", "-fno-builtin", "-fno-stack-protector"),
    "-fno-strict-aliasing",
    *("-Wall", "-Wextra", "-Wno-unused-function", "-Wno-unused-parameter"),
    *("-Wno-missing-field-initializers", "-Wno-type-limits"),
)
# Without the second, gcc calls helpers of its run-time library for atomic operations.
MACHINE_FLAGS = {"x86_64": ("-fcf-protection=none",), "aarch64": ("-mno-outline-atomics",)}
_LINK = ("-Wl,-z,defs", "-Wl,-z,separate-code", "-Wl,--hash-style=both", "-Wl,--build-id=none")


def library(version: str) -> Path:
    """Give the compiled library of a driver version; nobody may write to it.

    Raises SetupProblem without a compiler, or when it fails.
    """
    return compiled(f"libnvidia-ml-{version}", generate(version), (*_LINK, f"-Wl,-soname,{SONAME}"))


def install(version: str, root: Path) -> Path:
    """Put a library with pages of its own into `root`, and give its path.

    When the file of an earlier daemon is the same but for its pages, it stays: programs that have
    it loaded then see what the new daemon shows. Another file is renamed into place, never written
    over: whoever has the old one keeps it.
    """
    folder = root / "usr/lib" / TRIPLETS[_machine()]
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"libnvidia-ml.so.{version}"
    made = library(version)
    if not (target.is_file() and _code(target) == _code(made)):
        put(made, target)
    for link, to in ((SONAME, target.name), ("libnvidia-ml.so", SONAME)):
        _link(folder / link, to)
    return target


def _code(path: Path) -> tuple[bytes, bytes] | None:
    """Give what a library has besides its pages; None when it is no library with pages."""
    try:
        start, size = section(path, SECTION)
    except (SuiteError, struct.error, IndexError, ValueError, OverflowError):
        return None
    content = path.read_bytes()
    return content[:start], content[start + size :]


def compiled(name: str, source: str, options: tuple[str, ...]) -> Path:
    """Compile `source` into a shared library, or give the one that an earlier run made."""
    [compiler, *_] = compilers("gcc", "clang", "cc")
    given = (*flags(_machine()), *options)
    headers = [path.read_bytes() for path in sorted(source_folder().glob("*.[ch]"))]
    texts = (source, " ".join(given), _identity(compiler))

    def make(to: Path) -> None:
        written = to.with_suffix(".c")
        written.write_text(source, encoding="utf-8")
        command = [compiler, *given, f"-I{source_folder()}", str(written), "-o", str(to)]
        if complaint := run(command):
            raise SetupProblem(
                f"the C compiler cannot make {to.name}: {complaint}",
                where=" ".join(command),
                cure="use gcc 10 or later, or clang 12 or later; name it in the variable CC",
            )

    return cached(f"{name}.so", [*(text.encode() for text in texts), *headers], make)


def flags(machine: str) -> tuple[str, ...]:
    """Give the compiler's flags for a machine, by the kernel's name of it."""
    return (*_FLAGS, *MACHINE_FLAGS[machine])


@functools.cache
def _identity(compiler: str) -> str:
    # Its arguments are ours.
    command = [compiler, "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f"{done.stdout.partition(chr(10))[0]} {_machine()} {PAGE}"


def _machine() -> str:
    machine = platform.machine()
    if machine not in TRIPLETS:
        raise SetupProblem(
            f"the emulated NVML library is not made for {machine}",
            where="this machine",
            cure="use x86_64 or arm64",
        )
    return machine


def _link(link: Path, to: str) -> None:
    if link.is_symlink() and link.readlink() == Path(to):
        return
    link.unlink(missing_ok=True)
    link.symlink_to(to)
