"""Nothing of the user's own pytest world reaches a certification: it could change a verdict."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from drawplate.conformance.selftest.mutants.profiles import write_profile
from drawplate.conformance.selftest.run.stand_in import StandIn
from drawplate.conformance.verdict.outcomes import TestResult

# Makes every test pass, and leaves a trace of having been loaded.
FLIPPER = """
import pathlib, pytest
pathlib.Path(__file__).with_name("loaded").touch()

@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    try:
        return (yield)
    except BaseException:
        return None
"""
FAILS = "@covers('PRE-01')\ndef test_it(bench):\n    assert 1 == 2\n"


@pytest.fixture
def stray(tmp_path: Path) -> Path:
    """Give a folder in which a project keeps a pytest world of its own."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "flipper.py").write_text(FLIPPER, encoding="utf-8")
    (folder / "conftest.py").write_text("from flipper import *\n", encoding="utf-8")
    settings = "addopts = -p flipper\npython_files = other_*.py\nrequired_plugins = no-such\n"
    (folder / "pytest.ini").write_text(f"[pytest]\n{settings}", encoding="utf-8")
    (folder / "setup.cfg").write_text(f"[tool:pytest]\n{settings}", encoding="utf-8")
    return folder


def test_the_flipper_would_change_the_result(stray: Path) -> None:
    (stray / "test_it.py").write_text("def test_it():\n    assert 1 == 2\n", encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-c", os.devnull, "test_it.py"]

    with_it = subprocess.run(command, cwd=stray, capture_output=True, check=False)
    without = subprocess.run(
        [*command, "--noconftest"], cwd=stray, capture_output=True, check=False
    )

    assert (with_it.returncode, without.returncode) == (0, 1)


def test_settings_and_conftest_of_the_current_folder_change_nothing(
    stand_in: StandIn, stray: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(stray)
    monkeypatch.syspath_prepend(stray)

    (found,) = stand_in.run(FAILS).outcomes

    assert found.result is TestResult.FAIL
    assert not (stray / "loaded").exists()


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PYTEST_ADDOPTS", "-p flipper"),
        ("PYTEST_ADDOPTS", "-k nothing"),
        ("PYTEST_ADDOPTS", "--collect-only"),
        ("PYTEST_PLUGINS", "flipper"),
    ],
)
def test_variables_of_pytest_change_nothing(
    stand_in: StandIn, stray: Path, monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.syspath_prepend(stray)
    monkeypatch.setenv(variable, value)

    (found,) = stand_in.run(FAILS).outcomes

    assert found.result is TestResult.FAIL
    assert not (stray / "loaded").exists()


def test_nothing_is_left_in_the_current_folder(
    stand_in: StandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)

    stand_in.run(FAILS)

    assert not [*empty.iterdir()]


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_mutant_is_found_in_the_midst_of_a_stray_world(
    stray: Path, tmp_path: Path, workers: str
) -> None:
    profile = write_profile("wrong-type", tmp_path)
    command = [sys.executable, "-m", "drawplate.conformance.cli.main", "certify", str(profile)]
    command += ["--height", "bench", "-n", workers, "--select", "REG-02", "--out", "out"]
    stray_variables = {
        "PYTEST_ADDOPTS": "-p flipper -k nothing",
        "PYTEST_PLUGINS": "flipper",
        "PYTHONPATH": str(stray),
        # Without `assert` statements every check would pass.
        "PYTHONOPTIMIZE": "1",
    }

    done = subprocess.run(
        command,
        cwd=stray,
        env=os.environ | stray_variables,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stderr
    report = json.loads((stray / "out" / "report.json").read_text(encoding="utf-8"))
    assert [(each["id"], each["result"]) for each in report["requirements"]] == [("REG-02", "fail")]
    assert not (stray / "loaded").exists()
