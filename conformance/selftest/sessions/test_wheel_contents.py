"""What a wheel may hold: all that git knows, and nothing else."""

import subprocess
from pathlib import Path

import pytest

from drawplate.conformance.selftest.wheel import CHECKOUT
from drawplate.conformance.selftest.wheel_parts import contents
from drawplate.conformance.selftest.wheel_parts.outside import clean
from drawplate.emulators.problems import SetupProblem


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Give a repository with one packaged folder."""
    (tmp_path / ".links" / "drawplate").mkdir(parents=True)
    (tmp_path / ".links" / "drawplate" / "kind_configs").symlink_to("../../kind-configs")
    (tmp_path / "kind-configs").mkdir()
    (tmp_path / "kind-configs" / "new.yaml").touch()
    (tmp_path / "kind-configs" / "old.log").touch()
    (tmp_path / ".gitignore").write_text("*.log\n", encoding="utf-8")
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    return tmp_path


def test_files_that_git_ignores_do_not_belong_to_the_wheel(clone: Path) -> None:
    assert contents.known_files(clone) == {"drawplate/kind_configs/new.yaml"}


def test_folder_that_is_no_clone_is_a_setup_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / ".links" / "drawplate").mkdir(parents=True)

    with pytest.raises(SetupProblem, match="which files belong"):
        contents.known_files(tmp_path)


def test_the_wheel_that_the_checkout_should_give_is_right() -> None:
    known = contents.known_files(CHECKOUT)

    assert list(contents.findings(known, known)) == []


@pytest.mark.parametrize(
    "lost",
    [
        "drawplate/fixtures/images/driver-lock.txt",
        "drawplate/conformance/run/packaged.ini",
        "drawplate/driver/py.typed",
    ],
)
def test_every_lost_file_is_found(lost: str) -> None:
    known = contents.known_files(CHECKOUT)

    assert f"the wheel lacks {lost}" in list(contents.findings(known - {lost}, known))


def test_a_kind_that_git_hides_too_is_found() -> None:
    known = frozenset(
        name for name in contents.known_files(CHECKOUT) if not name.endswith("go.sum")
    )

    (finding,) = contents.findings(known, known)

    assert "go.sum" in finding


def test_scratch_in_the_wheel_is_found() -> None:
    known = contents.known_files(CHECKOUT)
    stray = "drawplate/driver/__pycache__/main.cpython-311.pyc"

    (finding,) = contents.findings({*known, stray, "drawplate-0.1.0.dist-info/RECORD"}, known)

    assert stray in finding


def test_wheel_of_the_source_distribution_must_be_the_same() -> None:
    wheel = {"a.py": 1, "b.py": 2, "c.py": 3}

    assert list(contents.differences(wheel, wheel)) == []
    assert len([*contents.differences(wheel, {"a.py": 1, "b.py": 9})]) == 2
    assert len([*contents.differences(wheel, {})]) == 3


def test_clean_environment_does_not_lead_to_the_checkout(tmp_path: Path) -> None:
    before = {
        "PATH": f"{tmp_path}/.venv/bin:/usr/bin",
        "PYTHONPATH": str(tmp_path),
        "VIRTUAL_ENV": f"{tmp_path}/.venv",
        "XDG_CACHE_HOME": "/elsewhere",
    }

    after = clean(before, tmp_path, Path("/clean/bin"))

    assert after == {"PATH": "/clean/bin:/usr/bin", "XDG_CACHE_HOME": "/elsewhere"}
