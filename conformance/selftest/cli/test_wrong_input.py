"""Every wrong input: one message with place and cure, exit code 3, and nothing left."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from drawplate.conformance.cli.main import main
from drawplate.emulators.folders import cache_folder


@pytest.fixture(autouse=True)
def place(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder, which is that of the clusters' state too."""
    monkeypatch.chdir(scratch)
    monkeypatch.setenv("XDG_STATE_HOME", str(scratch))
    return scratch


def refused(capsys: pytest.CaptureFixture[str], *argv: str) -> str:
    """Run the command, which must end with 3 and tell its problem once; gives what it told."""
    try:
        code = main(argv)
    except SystemExit as leaving:  # argparse leaves by itself
        code = int(leaving.code or 0)
    told = capsys.readouterr()
    assert code == 3, told.err
    assert told.out == ""
    assert told.err.count("drawplate: ") == 1
    assert "Traceback" not in told.err
    return told.err


@dataclass(frozen=True)
class Wrong:
    """Wrong arguments of `certify`, and words of the message's three lines."""

    argv: tuple[str, ...]
    what: str
    where: str
    cure: str


WRONG = [
    Wrong(("refrence",), "no shipped profile 'refrence'", "profile", "did you mean 'reference'"),
    Wrong(("./nowhere.yaml",), "cannot be read", "nowhere.yaml", "drawplate profile ls"),
    Wrong(("reference@fast",), "no variant 'fast'", "reference.yaml", "leave out @VARIANT"),
    Wrong(("--select", "REG-2"), "'REG-2'", "ID", "or REG-02"),
    Wrong(("--select", "XY-999"), "'XY-999'", "ID", "drawplate requirements"),
    Wrong(("--select", "ALC-01"), "none of ALC-01", "--height", "drawplate requirements ID"),
    Wrong(("--kubernetes", "1.12"), "'1.12' cannot be run", "--kubernetes", "1.37"),
    Wrong(("--kubernetes", "latest"), "'latest' cannot be run", "--kubernetes", "1.37"),
    Wrong(("--gates", "wild"), "no gate set 'wild'", "--gates", "all-beta"),
    Wrong(("--cluster", "nope"), "no cluster 'nope'", "--cluster", "drawplate up nope"),
    Wrong(("--cluster", "../nope"), "cannot name a cluster", "name", "a-z"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=[" ".join(each.argv) for each in WRONG])
def test_a_wrong_word_is_told_with_place_and_cure_and_leaves_nothing(
    capsys: pytest.CaptureFixture[str], place: Path, wrong: Wrong
) -> None:
    told = refused(capsys, "certify", "--height", "bench", *wrong.argv)

    what, where, cure = told.splitlines()
    assert wrong.what in what
    assert where.startswith("  where  ")
    assert wrong.where in where
    assert cure.startswith("  cure   ")
    assert wrong.cure in cure
    assert not [*place.iterdir()]


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["certify", "--bogus"], "--bogus"),
        (["certify", "--height", "roof"], "'bench', 'cluster', 'all'"),
        (["certify", "--provider", "magic"], "'local'"),
        (["certify", "-n", "0"], "must be at least 1"),
        (["certify", "-n", "many"], "many"),
        (["certify", "--seed", "x"], "--seed"),
        (["certify", "--select"], "--select"),
        (["certfy"], "'certify'"),
        ([], "COMMAND"),
        (["requirements", "--bogus"], "--bogus"),
        (["up", "--bogus"], "--bogus"),
    ],
)
def test_a_wrong_flag_is_told_with_the_usage(
    capsys: pytest.CaptureFixture[str], place: Path, argv: list[str], words: str
) -> None:
    told = refused(capsys, *argv)

    assert told.startswith("usage: drawplate")
    assert words in told.splitlines()[-1]
    assert not [*place.iterdir()]


def test_a_broken_profile_is_told_with_its_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, place: Path
) -> None:
    profile = tmp_path / "acme.yaml"
    profile.write_text("apiVersion: drawplate.dev/v1alpha1\nkind: DriverProfil\n", encoding="utf-8")

    told = refused(capsys, "certify", str(profile), "--height", "bench")

    assert f"  where  {profile}:2 (kind)\n  cure   " in told
    assert not [*place.iterdir()]


def test_an_unknown_requirement_is_told_with_the_nearest(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "did you mean REG-01" in refused(capsys, "requirements", "reg-01")


@pytest.mark.parametrize("height", ["cluster", "all"])
def test_the_cluster_height_without_root_is_told(
    capsys: pytest.CaptureFixture[str], place: Path, monkeypatch: pytest.MonkeyPatch, height: str
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 65534)

    told = refused(capsys, "certify", "--height", height)

    assert "it needs root" in told
    assert f"--height {height}" in told
    assert "use --height bench" in told
    assert not [*place.iterdir()]


def test_the_cluster_height_outside_of_linux_is_told(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    assert "it needs Linux" in refused(capsys, "certify", "--height", "cluster")


@pytest.mark.root
def test_a_user_without_rights_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o777)
    for folder in (home, *home.parents):
        if folder.is_relative_to(tmp_path.parents[1]):
            folder.chmod(0o777)
    # The right to read is for developers whose checkout is in a closed home.
    user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
    reads = ("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search")
    command = ("-m", "drawplate.conformance.cli.main", "certify", "--height", "cluster")

    done = subprocess.run(
        [*user, *reads, sys.executable, *command],
        cwd=home,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3, done.stderr
    assert "it needs root" in done.stderr
    assert not [*home.iterdir()]


def test_a_bench_cluster_has_no_node_for_the_cluster_height(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Bench:
        nodes = ()

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr("drawplate.fixtures.clusters.local.lifecycle.find", lambda _name: Bench())

    told = refused(capsys, "certify", "--height", "cluster", "--cluster", "b")

    assert "was made with --bench and has no node" in told
    assert "use --height bench" in told


@pytest.mark.parametrize("blocked", ["file", "file/below"])
def test_a_folder_that_cannot_be_made_is_told(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, place: Path, blocked: str
) -> None:
    (tmp_path / "file").write_text("mine", encoding="utf-8")

    told = refused(capsys, "certify", "--height", "bench", "--out", str(tmp_path / blocked))

    assert "the report cannot be written" in told
    assert "--out" in told
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"
    assert not [*place.iterdir()]


def test_a_folder_with_an_earlier_report_is_told_and_left_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.json").write_text("{}", encoding="utf-8")

    told = refused(capsys, "certify", "--height", "bench", "--out", str(out))

    assert "holds an earlier report" in told
    assert str(out / "report.json") in told
    assert [path.name for path in out.iterdir()] == ["report.json"]


def test_foreign_files_in_the_default_folder_are_never_replaced(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    out = place / "out" / "reference"
    out.mkdir(parents=True)
    (out / "report.json").write_text('{"of": "somebody else"}', encoding="utf-8")

    refused(capsys, "certify", "--height", "bench")

    assert (out / "report.json").read_text(encoding="utf-8") == '{"of": "somebody else"}'


def test_an_earlier_report_survives_a_run_that_cannot_begin(
    capsys: pytest.CaptureFixture[str], place: Path
) -> None:
    out = place / "out" / "reference"
    out.mkdir(parents=True)
    (out / "report.json").write_text('{"format": "drawplate.report/v1"}', encoding="utf-8")

    refused(capsys, "certify", "--height", "bench", "--gates", "wild")

    assert (out / "report.json").exists()


@pytest.mark.root
@pytest.mark.parametrize(("options", "words"), [("size=4k", "No space left"), ("ro", "Read-only")])
def test_a_file_system_that_takes_nothing_is_told_and_nothing_is_left(
    tmp_path: Path, options: str, words: str
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    # A page for the folders, none for a file.
    script = (
        f"mount -t tmpfs -o {options} none {small} && "
        f"{sys.executable} -m drawplate.conformance.cli.main certify --height bench "
        f"--out {small}/deep/out; code=$?; ls -A {small}; exit $code"
    )

    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        cwd=tmp_path,
        env=os.environ | {"XDG_CACHE_HOME": str(cache_folder().parent)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3, done.stderr
    assert words in done.stderr
    assert "--out" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
