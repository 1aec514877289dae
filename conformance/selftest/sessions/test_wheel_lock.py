"""The run-time part of the lock file: what it takes, and what it leaves to others."""

from collections.abc import Sequence
from pathlib import Path
from zipfile import ZipFile

import pytest

from drawplate.conformance.selftest.wheel_parts.lock import demands_of_wheel, needed, select
from drawplate.emulators.problems import SetupProblem

LOCK = """\
# compiled
alpha==1.0 \\
    --hash=sha256:aa \\
    --hash=sha256:ab
    # via drawplate
beta-more==2.0 ; python_version >= "3" \\
    --hash=sha256:bb
gamma==3.0 \\
    --hash=sha256:cc
"""

GRAPH = {
    "alpha": ["Beta.More>=1", 'gone; sys_platform == "nowhere"'],
    "beta-more": ["alpha", 'gamma; extra == "fast"'],
    "gamma": [],
}


def demands(name: str) -> Sequence[str]:
    return GRAPH[name]


def test_what_is_needed_is_followed_to_its_end() -> None:
    assert needed(["alpha<2"], demands) == {"alpha", "beta-more"}


def test_extras_count_only_when_they_are_asked_for() -> None:
    assert "gamma" in needed(["alpha", "beta_more[fast]"], demands)


def test_extras_of_the_wheel_are_left_out() -> None:
    assert needed(['gamma; extra == "cel"'], demands) == frozenset()


def test_selection_keeps_every_hash_and_nothing_else() -> None:
    selected = select(LOCK, ["beta-more", "alpha"])

    assert selected.count("--hash") == 3
    assert "sha256:cc" not in selected
    assert "compiled" not in selected


def test_lock_file_without_an_entry_is_a_setup_problem() -> None:
    with pytest.raises(SetupProblem, match="does not pin delta"):
        select(LOCK, ["alpha", "delta"])


def test_demands_of_a_wheel_are_those_of_its_metadata(tmp_path: Path) -> None:
    wheel = tmp_path / "x-1-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        archive.writestr("x-1.dist-info/METADATA", "Name: x\nRequires-Dist: alpha>=1\n\nRead me\n")

    assert demands_of_wheel(wheel) == ["alpha>=1"]
