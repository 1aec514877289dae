"""The folders of a bench node: short, private, and gone afterwards."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from drawplate.conformance.bench.paths import BenchPaths
from drawplate.conformance.problems import SetupProblem


def test_a_fresh_node_leaves_room_for_long_socket_names_and_nothing_behind() -> None:
    paths = BenchPaths.create()
    uid = "0" * 36
    longest = paths.plugins / "a-driver-name.example.com" / f"dra-{uid}.sock"
    assert len(os.fsencode(longest)) < 108
    assert len(os.fsencode(paths.kubelet_root)) < 60
    assert all(folder.is_dir() for folder in (paths.registry, *paths.cdi, paths.state))
    (paths.state / "x").write_text("kept by a driver")
    paths.remove()
    assert not paths.root.exists()


def test_a_killed_process_leaves_a_folder_only_until_the_next_node() -> None:
    code = """
import os, signal
from drawplate.conformance.bench.paths import BenchPaths
print(BenchPaths.create().root, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    left = Path(ended.stdout.strip())
    assert left.exists()
    ours, others = BenchPaths.create(), BenchPaths.create()
    assert not left.exists()
    assert ours.root.exists()
    ours.remove()
    others.remove()


def test_a_temporary_folder_that_is_too_long_is_not_used(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    long = tmp_path / ("x" * 60)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    paths = BenchPaths.create()
    assert len(os.fsencode(paths.root)) < 30
    paths.remove()


def test_a_long_or_used_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SetupProblem, match="bytes long"):
        BenchPaths.create(tmp_path / ("x" * 80))
    paths = BenchPaths.create()
    with pytest.raises(SetupProblem, match="empty folder"):
        BenchPaths.create(paths.root)
    paths.remove()


def test_a_reboot_keeps_state_and_static_cdi() -> None:
    paths = BenchPaths.create()
    for folder in (paths.state, paths.cdi_static, paths.cdi_dynamic):
        (folder / "x").write_text("")
    paths.lose_boot_state()
    assert [(folder / "x").exists() for folder in (paths.state, *paths.cdi)] == [True, True, False]
    paths.remove()
