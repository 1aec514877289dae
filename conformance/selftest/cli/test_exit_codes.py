"""The exit code is the verdict, whoever reads the output; nothing else ever leaves with 0, 1 or 2."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from drawplate.conformance.cli.main import main
from drawplate.conformance.problems import SetupProblem, SuiteError
from drawplate.conformance.run import certification
from drawplate.conformance.run.certification import Certification
from drawplate.conformance.verdict.judge import Ruling
from drawplate.conformance.verdict.outcomes import Result, Verdict
from drawplate.reports.tests.builders import make_report, make_result

Certify = Callable[..., Certification]
RESULTS = {
    Verdict.CONFORMANT: Result.PASS,
    Verdict.NOT_CONFORMANT: Result.KNOWN_FAILURE,
    Verdict.INCONCLUSIVE: Result.INCONCLUSIVE,
}


def ends(verdict: Verdict, *, only_known: bool = False, interrupted: bool = False) -> Certification:
    report = make_report(make_result(RESULTS[verdict]), verdict=verdict)
    return Certification(report, Ruling(verdict, ("because",), only_known), interrupted)


def certify(patch: pytest.MonkeyPatch, done: Certification | BaseException, *argv: str) -> int:
    """Run `drawplate certify` with a certification that ends like this."""

    def pretend(*_: object) -> Certification:
        if isinstance(done, BaseException):
            raise done
        return done

    patch.setattr(certification, "certify", pretend)
    return main(["certify", "--height", "bench", *argv])


@pytest.mark.parametrize(
    ("verdict", "code"),
    [(Verdict.CONFORMANT, 0), (Verdict.NOT_CONFORMANT, 1), (Verdict.INCONCLUSIVE, 2)],
)
def test_the_exit_code_is_the_verdict(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    verdict: Verdict,
    code: int,
) -> None:
    assert certify(monkeypatch, ends(verdict)) == code
    assert str(verdict).upper() in capsys.readouterr().out


def test_known_failures_are_accepted_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    done = ends(Verdict.NOT_CONFORMANT, only_known=True)

    assert certify(monkeypatch, done) == 1
    assert certify(monkeypatch, done, "--accept-known") == 0


def test_known_failures_are_not_accepted_beside_others(monkeypatch: pytest.MonkeyPatch) -> None:
    assert certify(monkeypatch, ends(Verdict.NOT_CONFORMANT), "--accept-known") == 1


def test_acceptance_does_not_make_the_verdict_conformant(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    certify(monkeypatch, ends(Verdict.NOT_CONFORMANT, only_known=True), "--accept-known")

    told = capsys.readouterr().out
    assert "NOT CONFORMANT" in told
    assert "exit code 0: --accept-known" in told


@pytest.mark.parametrize("only_known", [True, False])
def test_an_interrupted_run_leaves_with_130(
    monkeypatch: pytest.MonkeyPatch,
    only_known: bool,  # noqa: FBT001
) -> None:
    done = ends(Verdict.NOT_CONFORMANT, only_known=only_known, interrupted=True)

    assert certify(monkeypatch, done, "--accept-known") == 130


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SetupProblem("no etcd", where="here", cure="get it"), 3),
        (SuiteError("pytest broke"), 4),
        (KeyboardInterrupt(), 130),
    ],
)
def test_problems_have_codes_of_their_own_and_no_traceback(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
) -> None:
    assert certify(monkeypatch, error) == code

    told = capsys.readouterr().err
    assert told.startswith("drawplate: ")
    assert "Traceback" not in told


def test_a_fault_that_nobody_foresaw_is_no_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert certify(monkeypatch, ZeroDivisionError("a bug")) == 4

    told = capsys.readouterr().err
    assert told.splitlines()[-1].startswith("drawplate: error of the suite itself")
    assert "ZeroDivisionError: a bug" in told


# Certifies with the result that the driver is not conformant, for readers who go away.
PRETEND = """
import sys
from drawplate.conformance.cli.main import main
from drawplate.conformance.problems import SetupProblem
from drawplate.conformance.run import certification
from drawplate.conformance.selftest.cli.test_exit_codes import ends
from drawplate.conformance.verdict.outcomes import Verdict

def certify(order, progress):
    for number in range(3):
        progress.say("x" * 100_000)
    if sys.argv[1] == "problem":
        raise SetupProblem("no etcd")
    return ends(Verdict.NOT_CONFORMANT)

certification.certify = certify
sys.exit(main(["certify", "--height", "bench"]))
"""


@pytest.mark.parametrize(("ending", "code"), [("verdict", 1), ("problem", 3)])
@pytest.mark.parametrize("both", [True, False])
def test_a_reader_who_goes_away_changes_no_exit_code(
    tmp_path: Path,
    ending: str,
    code: int,
    both: bool,  # noqa: FBT001
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-c", PRETEND, ending],
        cwd=tmp_path,
        stdout=writing,
        stderr=writing if both else subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)

    assert done.returncode == code
    assert "Traceback" not in (done.stderr or "")
    assert "BrokenPipe" not in (done.stderr or "")


def test_head_of_the_catalogue_is_quiet(tmp_path: Path) -> None:
    command = f"{sys.executable} -m drawplate.conformance.cli.main requirements | head -n 1"

    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")
