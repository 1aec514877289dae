"""A node's folder belongs to whoever holds it, and is nobody's when that one is gone."""

import os
from pathlib import Path

import pytest

from drawplate.emulators.delivery import occupancy
from drawplate.emulators.problems import SetupProblem


@pytest.fixture(autouse=True)
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the nodes in a folder of the test's own."""
    monkeypatch.setattr(occupancy, "nodes_folder", lambda: tmp_path)
    return tmp_path


def test_a_folder_that_is_held_is_refused(folders: Path) -> None:
    held = occupancy.occupy(folders / "a", passing=False)

    with pytest.raises(SetupProblem, match="'a' is up already"):
        occupancy.occupy(folders / "a", passing=False)
    os.close(held)
    os.close(occupancy.occupy(folders / "a", passing=False))


def test_a_sweep_removes_what_nobody_holds_and_was_for_a_command(folders: Path) -> None:
    held = occupancy.occupy(folders / "held", passing=True)
    os.close(occupancy.occupy(folders / "left", passing=True))
    os.close(occupancy.occupy(folders / "standing", passing=False))

    assert occupancy.sweep() == ["left"]
    assert sorted(each.name for each in folders.iterdir()) == ["held", "standing"]
    os.close(held)


def test_a_folder_that_cannot_be_made_is_one_problem(folders: Path) -> None:
    (folders / "file").touch()

    with pytest.raises(SetupProblem, match="cannot be made"):
        occupancy.occupy(folders / "file" / "a", passing=False)


def test_removing_what_is_not_there_is_no_error(folders: Path) -> None:
    occupancy.remove_folder(folders / "nowhere")
