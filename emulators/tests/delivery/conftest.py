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
    assert _look() == before


def _look() -> tuple[set[str], set[str], set[str]]:
    folders = nodes_folder()
    names = {each.name for each in folders.iterdir()} if folders.is_dir() else set()
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    mounts = {line for line in lines if str(folders) in line}
    return names, mounts, _daemons(str(folders))


def _daemons(folder: str) -> set[str]:
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        if "emulators.daemon" in words and folder in words:
            found.add(process.name)
    return found
