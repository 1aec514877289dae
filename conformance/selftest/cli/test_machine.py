"""`drawplate machine`: what each action prints, and what it leaves behind when input is wrong."""

import json
from pathlib import Path

import pytest

from drawplate.conformance.cli.main import main
from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load, shipped

Captured = pytest.CaptureFixture[str]


def test_ls_has_a_line_for_every_machine(capsys: Captured) -> None:
    assert main(["machine"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:]] == list(shipped())
    assert "8 NVIDIA H100 80GB HBM3" in next(line for line in lines if line.startswith("dgx-h100"))


def test_show_prints_the_identities_of_the_named_node(capsys: Captured) -> None:
    assert main(["machine", "show", "dgx-h100", "--node", "worker"]) == 0

    printed = capsys.readouterr().out
    assert all(one.uuid in printed for one in place(load("dgx-h100"), "worker").devices)
    assert "nvidia 580.95.05" in printed


def test_show_prints_json(capsys: Captured) -> None:
    assert main(["machine", "show", "nic-2xcx7", "--json"]) == 0

    shown = json.loads(capsys.readouterr().out)
    assert shown["node"] == "node-1"
    assert [one["name"] for one in shown["devices"]][:3] == ["nic0", "nic1", "nic0vf0"]
    assert shown["devices"][2]["parent"] == "nic0"


def test_check_says_ok_of_a_good_file(capsys: Captured) -> None:
    assert main(["machine", "check", str(shipped()["edge-l4"])]) == 0
    assert capsys.readouterr().out == "ok\n"


def test_check_tells_what_is_wrong_and_where(capsys: Captured, tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text(shipped()["edge-l4"].read_text().replace("count: 1", "count: 2"))

    assert main(["machine", "check", str(file)]) == 3

    told = capsys.readouterr()
    assert told.out == ""
    assert "count is 2, but `at` has 1 addresses" in told.err
    assert f"{file}:7" in told.err


def test_draw_draws_a_tree(capsys: Captured) -> None:
    assert main(["machine", "draw", "edge-l4"]) == 0
    assert "└── gpu0  NVIDIA L4  0000:01:00.0, PCIe 4 x16" in capsys.readouterr().out


def test_draw_writes_a_picture_again_and_again(capsys: Captured, tmp_path: Path) -> None:
    file = tmp_path / "picture.svg"

    for _ in range(2):
        assert main(["machine", "draw", "edge-l4", "--svg", str(file)]) == 0

    assert capsys.readouterr().out == f"{file}\n{file}\n"
    assert file.read_text().startswith("<svg ")


def test_new_writes_files_that_are_right(capsys: Captured, tmp_path: Path) -> None:
    assert main(["machine", "new", "edge-mixed", "--nodes", "2", "-o", str(tmp_path)]) == 0

    files = capsys.readouterr().out.split()
    assert [load(file).machine for file in files] == ["edge-mixed-01", "edge-mixed-02"]


def test_new_replaces_nothing(capsys: Captured, tmp_path: Path) -> None:
    mine = tmp_path / "edge-l4-01.yaml"
    mine.write_text("mine")

    assert main(["machine", "new", "edge-l4", "-o", str(tmp_path)]) == 3
    assert "File exists" in capsys.readouterr().err
    assert mine.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["show", "no-such"], "unknown machine 'no-such'"),
        (["draw", "./nowhere.yaml"], "cannot read nowhere.yaml"),
        (["draw", "edge-l4", "--svg", "/no/such/folder/x.svg"], "cannot be written"),
        (["new", "edge-l4", "--nodes", "0"], "a fleet cannot have 0 nodes"),
        (["record", "--sysfs", "/no/such/folder"], "no PCI devices can be read"),
    ],
)
def test_wrong_input_is_told_once(capsys: Captured, arguments: list[str], what: str) -> None:
    assert main(["machine", *arguments]) == 3

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("drawplate: ") == 1
    assert what in told.err
