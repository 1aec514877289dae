"""The command is quick to answer, and shows the catalogue."""

import json
import subprocess
import sys

import pytest

from drawplate.conformance import catalogue
from drawplate.conformance.cli.main import COMMANDS, main

HEAVY = ("pytest", "xdist", "grpc", "kubernetes", "rich", "jinja2", "cryptography", "watchfiles")
# Runs the command and tells which of the heavy packages were loaded for it.
SPY = """
import contextlib, io, json, sys
from drawplate.conformance.cli.main import main
with contextlib.redirect_stdout(io.StringIO()):
    try:
        main(sys.argv[1:])
    except SystemExit:
        pass
print(json.dumps(sorted({name.partition(".")[0] for name in sys.modules})))
"""


@pytest.mark.parametrize(
    "argv", [["--help"], ["--version"], ["certify", "--help"], ["requirements"]]
)
def test_an_answer_needs_nothing_heavy(argv: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", SPY, *argv], capture_output=True, text=True, check=True
    )

    loaded = json.loads(done.stdout)
    assert "drawplate" in loaded
    assert [name for name in HEAVY if name in loaded] == []


@pytest.mark.parametrize("argv", [["--help"], ["certify", "--help"], ["requirements", "--help"]])
def test_help_ends_well(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leaving:
        main(argv)

    assert leaving.value.code == 0
    assert capsys.readouterr().out.startswith("usage: drawplate")


def test_help_names_the_commands_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    told = capsys.readouterr().out
    for words in ("certify", "requirements", "profile", "components", "up", "down", "exit codes"):
        assert words in told
    assert set(COMMANDS) >= {"certify", "requirements", "profile", "cluster", "components"}


def test_the_catalogue_is_listed_with_its_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["requirements"]) == 0

    told = capsys.readouterr().out
    entries = catalogue.load()
    must = sum(entry.level == "MUST" for entry in entries.values())
    listed = [line.split()[0] for line in told.splitlines() if line.startswith("  ")]
    assert listed == list(entries)
    assert told.endswith(
        f"{len(entries)} requirements: {must} MUST, {len(entries) - must} SHOULD\n"
    )


def test_a_requirement_is_shown_whole(capsys: pytest.CaptureFixture[str]) -> None:
    entry = catalogue.load()["SEC-04"]

    assert main(["requirements", "SEC-04"]) == 0

    told = capsys.readouterr().out
    assert told.startswith("SEC-04 MUST (security)\n")
    parts = (entry.text, entry.source, entry.hint, "bench", "identity", "role-binds-claims", "1.34")
    for part in parts:
        assert part in told


def test_what_was_deduced_is_shown_with_its_reason(capsys: pytest.CaptureFixture[str]) -> None:
    entry = next(e for e in catalogue.load().values() if e.source.startswith("deduced"))

    main(["requirements", entry.id])

    assert f"  because  {entry.rationale}\n" in capsys.readouterr().out


def test_several_requirements_are_shown_in_the_order_asked_for(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["requirements", "REG-02", "REG-01"]) == 0

    told = capsys.readouterr().out
    assert told.index("REG-02 MUST") < told.index("REG-01 MUST")
