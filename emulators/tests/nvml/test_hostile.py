"""A program that calls everything with nonsense ends well, also under valgrind's eyes."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from drawplate.emulators.nvml.layout import api_structs
from drawplate.emulators.nvml.table import HANDLES, Function, exported
from drawplate.emulators.tests.nvml.ground import Emulated

# Not called: they wait, end the library's use, or free what the next call needs.
LEFT_OUT = (
    "nvmlEventSetWait",
    "nvmlSystemEventSetWait",
    "nvmlShutdown",
    "nvmlInit",
    "nvmlErrorString",
)
# Room for arrays, whose length is an argument of at most 64 in these calls, and for texts.
ROOM = 64 * 256


def describe(one: Function) -> str:
    """Write a line for hostile.c, or nothing when the call needs memory that it cannot give."""
    words = [one.name]
    counted = any(
        it.name in {"length", "size", "count", "cpuSetSize", "nodeSetSize"} and not it.way
        for it in one.arguments
    )
    for argument in one.arguments:
        if argument.way or argument.kind == "text":
            kind = argument.kind
            size = 8 if kind in {*HANDLES, "text", "void"} else api_structs().size_of(kind)
            if kind in api_structs() and any(
                it.kind == "pointer" for it in api_structs()[kind].members
            ):
                return ""
            if argument.way == "in" and kind == "text":
                return ""
            words.append(f"p{max(size, ROOM)}")
        else:
            words.append("h" if argument.kind in HANDLES else "v")
    # A length that is passed by value says how much may be written: no number is too wild then.
    return "" if counted or "valuesCount" in str(one.arguments) else " ".join(words)


@pytest.fixture
def hostile(tmp_path: Path, node: Emulated) -> Callable[[int], list[str]]:
    """Build the program, and give it with its arguments."""
    program = tmp_path / "hostile"
    source = Path(__file__).parent / "hostile.c"
    subprocess.run(["gcc", "-O1", "-g", "-o", program, source, "-ldl"], check=True)
    lines = [describe(one) for one in exported("580.95.05") if not one.name.startswith(LEFT_OUT)]
    (tmp_path / "calls").write_text("\n".join(filter(None, lines)) + "\n", encoding="utf-8")

    def command(rounds: int) -> list[str]:
        return [str(program), str(node.library), str(rounds), str(tmp_path / "calls")]

    return command


def test_nonsense_does_no_harm(hostile: Callable[[int], list[str]]) -> None:
    done = subprocess.run(hostile(200), capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 200 * 300


def test_nonsense_reads_and_writes_only_what_it_was_given(
    hostile: Callable[[int], list[str]],
) -> None:
    valgrind = shutil.which("valgrind")
    assert valgrind, "valgrind is part of the tools that tests need"
    done = subprocess.run(
        [valgrind, "--error-exitcode=9", "--undef-value-errors=no", "-q", *hostile(4)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-4000:]
