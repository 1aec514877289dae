"""A report is rendered again from its folder, with the same outcome."""

from pathlib import Path
from shutil import copytree

import pytest

from drawplate.reports.render import main


def test_rendering_again_gives_the_same_files(samples: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    copytree(samples["not-conformant"], folder)
    names = ("report.html", "junit.xml")
    before = [(folder / name).read_bytes() for name in names]
    for name in names:
        (folder / name).unlink()

    assert main([str(folder / "report.json")]) == 0

    assert [(folder / name).read_bytes() for name in names] == before


def test_a_damaged_report_is_told_in_one_message(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.json").write_text("{")

    assert main([str(tmp_path)]) == 3

    told = capsys.readouterr().err
    assert str(tmp_path / "report.json") in told
    assert "cure" in told
    assert "Traceback" not in told
