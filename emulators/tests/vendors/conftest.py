"""Shipped machines as they are shown, mounted folders, and Go programs that read them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from drawplate.emulators.devices import drm, numbers
from drawplate.emulators.procfs import modules
from drawplate.emulators.state.model import State
from drawplate.emulators.tests.vendors.showing import REAL_DEVICES, Mounted, Show, Shown
from drawplate.emulators.tree.model import PAGE, Contributor
from drawplate.emulators.tree.surface import TreeSurface
from drawplate.fixtures.clusters.components.toolchain import ensure_go, environment
from drawplate.fixtures.clusters.components.versions import shipped
from drawplate.fixtures.progress import Progress


@pytest.fixture
def show(monkeypatch: pytest.MonkeyPatch) -> Show:
    """Give a machine as it would be shown on a machine without GPUs of its own."""
    monkeypatch.setattr(numbers, "real_text", lambda: REAL_DEVICES)
    monkeypatch.setattr(drm, "real_minors", frozenset)
    monkeypatch.setattr(modules, "REAL", Path("/proc/none"))
    monkeypatch.setattr(numbers, "here", lambda: numbers.majors(REAL_DEVICES))
    return Shown


@pytest.fixture
def mounted(tmp_path: Path) -> Iterator[Mounted]:
    """Mount a tree of a state at a folder; it is unmounted in the end."""
    surfaces: list[TreeSurface] = []

    def mount(state: State, name: str, contributions: tuple[Contributor, ...]) -> Path:
        where = tmp_path / name
        where.mkdir()
        surface = TreeSurface(
            name,
            contributions,
            where,
            lower=None,
            file_size=PAGE if name == "sys" else 0,
            source="drawplate-test",
        )
        state.add_surface(surface)
        surfaces.append(surface)
        return where

    yield mount
    for surface in surfaces:
        surface.stop()


@pytest.fixture(scope="session")
def readers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the Go programs that read what is shown; give the folder with them."""
    go = ensure_go(shipped().go, Progress(quiet=True))
    folder = tmp_path_factory.mktemp("readers")
    targets = [
        "./sysreader",
        "./cdicheck",
        "github.com/NVIDIA/nvidia-container-toolkit/cmd/nvidia-ctk",
    ]
    done = subprocess.run(
        [go, "build", "-trimpath", "-o", folder, *targets],
        cwd=Path(__file__).parent / "go",
        env=environment(CGO_ENABLED="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder
