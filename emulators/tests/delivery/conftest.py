"""What the tests of delivery stand on."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drawplate.emulators.places import nodes_folder

# Parts that a node needs for what is tested here are device nodes, /sys and /proc.
WITHOUT = "--without=work,nvml,mig,smi,nic,tpu,metadata,uevents"
MACHINE = "edge-l4"
# How the names of all nodes begin that are started here: others may run the same tests.
NAME = f"test-{os.getpid()}"

Drawplate = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def scratch() -> Iterator[Path]:
    """Give a folder with a short path: that of tmp_path is too long for sockets."""
    folder = Path(tempfile.mkdtemp(prefix="dp-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def environment(scratch: Path) -> dict[str, str]:
    """Give an environment in which no node is named, and folders are the test's own."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("DRAWPLATE")}
    # Elsewhere than for root, nodes are in this folder.
    return {**kept, "XDG_RUNTIME_DIR": str(scratch), "XDG_STATE_HOME": str(scratch)}


@pytest.fixture
def drawplate(environment: dict[str, str]) -> Drawplate:
    """Give a function that runs `drawplate hw` to its end."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        argv = [*command(), *words]
        return subprocess.run(argv, env=environment, capture_output=True, text=True, check=False)

    return run


def command() -> list[str]:
    """Give the words that begin every command."""
    return [sys.executable, "-P", "-m", "drawplate.conformance.cli.main", "hw"]


@pytest.fixture
def nothing_left() -> Iterator[None]:
    """Assert that no node, mount or process of one is there that was not there before."""
    before = _look()
    yield
    assert _look() - before == set()


def _look() -> set[str]:
    """Give what belongs to nodes of these tests; other nodes may come and go meanwhile."""
    there = nodes_folder().iterdir() if nodes_folder().is_dir() else ()
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    everything = {str(each) for each in there} | {*lines} | _daemons()
    return {each for each in everything if f"{nodes_folder()}/{NAME}" in each}


def _daemons() -> set[str]:
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if "emulators.daemon" in words:
            found.add(f"{process.name} {words}")
    return found
