"""The script of CIs: what it hands to `drawplate certify`, and how its end becomes an exit code.

The certification itself is a stand-in here, so that any end can be had at once.
"""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from drawplate.conformance.selftest.ci.script import Job
from drawplate.reports.folder import write
from drawplate.reports.model import Verdict
from drawplate.reports.tests.builders import make_report, make_result

# Stands for `drawplate`: its certification writes down how it was called, and ends as it is told.
PROGRAM = """\
#!{python}
import json, os, pathlib, signal, sys
from drawplate.conformance.cli.main import main
if sys.argv[1] != "certify":
    sys.exit(main(sys.argv[1:]))
here = pathlib.Path("{folder}")
log = pathlib.Path(os.environ["XDG_STATE_HOME"], "drawplate", "clusters", "x", "kubelet.log")
log.parent.mkdir(parents=True, exist_ok=True)
log.write_text("it would not start")
(here / "called.json").write_text(json.dumps(sys.argv[2:]))
out = pathlib.Path(sys.argv[sys.argv.index("--out") + 1])
for line in (here / "tells").read_text().splitlines():
    print(line, flush=True)
if (here / "report.json").exists():
    (out / "report.json").write_text((here / "report.json").read_text())
how = (here / "ends").read_text()
if how == "waits":
    def stop(*_):
        sys.exit(130)
    signal.signal(signal.SIGINT, stop)
    print("waiting", flush=True)
    signal.pause()
if how == "dies":
    os.kill(os.getpid(), signal.SIGKILL)
sys.exit(int(how))
"""
Pretend = Callable[..., Job]


@pytest.fixture
def pretend(tmp_path: Path) -> Pretend:
    """Give a job whose certification ends like this, with or without a report."""

    def make(ends: object, *, tells: str = "", verdict: Verdict | None = None) -> Job:
        (tmp_path / "bin").mkdir()
        program = tmp_path / "bin" / "drawplate"
        text = PROGRAM.replace("{python}", sys.executable).replace("{folder}", str(tmp_path))
        program.write_text(text, encoding="utf-8")
        program.chmod(0o755)
        write(tmp_path / "ends", str(ends))
        write(tmp_path / "tells", tells)
        if verdict:
            report = make_report(make_result(), verdict=verdict)
            write(tmp_path / "report.json", report.model_dump_json(indent=2))
        made = Job.outside(tmp_path)
        return Job(made.folder, made.script, program.parent)

    return make


def called(job: Job) -> list[str]:
    found: list[str] = json.loads((job.folder / "called.json").read_text(encoding="utf-8"))
    return found


def test_every_wish_becomes_an_argument(pretend: Pretend) -> None:
    job = pretend(0, verdict=Verdict.CONFORMANT)

    job.run(
        profile="reference",
        provider="local",
        nodes="3",
        kubernetes="1.36",
        gates="all-beta",
        height="all",
        select="PRE-01  PRE-02\nUNP-10",
        accept_known="true",
        args="-n 2 --seed 7",
        out="somewhere",
    )

    assert called(job) == [
        *("reference", "--height", "all", "--provider", "local"),
        *("--out", str(job.workspace / "somewhere"), "--nodes", "3"),
        *("--kubernetes", "1.36", "--gates", "all-beta", "--accept-known"),
        *("--select", "PRE-01", "PRE-02", "UNP-10", "-n", "2", "--seed", "7"),
    ]


def test_without_wishes_a_cluster_of_kind_is_certified_on(pretend: Pretend) -> None:
    job = pretend(0, verdict=Verdict.CONFORMANT)

    job.run(profile="reference")

    assert called(job) == [
        *("reference", "--height", "all", "--provider", "kind", "--out", str(job.report))
    ]


def test_no_character_of_a_wish_is_obeyed(pretend: Pretend) -> None:
    job = pretend(0, verdict=Verdict.CONFORMANT)
    trap = job.folder / "trap"
    wish = f"$(touch${{IFS}}{trap}) `touch${{IFS}}{trap}` ; * ~ && | > {trap}"

    job.run(profile="reference", select=wish, args=wish, gates=f"$(touch {trap})", nodes=";x")

    given = called(job)
    assert given[given.index("--select") + 1 :] == [*wish.split(), *wish.split()]
    assert given[given.index("--gates") + 1] == f"$(touch {trap})"
    assert not trap.exists()


@pytest.mark.parametrize(
    ("ends", "verdict", "code"),
    [
        (0, Verdict.CONFORMANT, 0),
        (1, Verdict.NOT_CONFORMANT, 1),
        (2, Verdict.INCONCLUSIVE, 2),
        (3, None, 3),
        (4, None, 4),
        # Python's own end when an import fails, and that of a program that was killed.
        (1, None, 4),
        (0, None, 4),
        ("dies", None, 4),
        (77, None, 4),
    ],
)
def test_the_exit_code_is_the_gate(
    pretend: Pretend, ends: object, verdict: Verdict | None, code: int
) -> None:
    done = pretend(ends, verdict=verdict).run(profile="reference", height="bench")

    assert done.code == code, done.told
    assert done.outputs["exit-code"] == str(code)
    assert done.outputs["verdict"] == (str(verdict) if verdict else "")
    assert done.summary


def test_a_certification_that_is_not_conformant_may_pass_when_it_says_so(pretend: Pretend) -> None:
    done = pretend(0, verdict=Verdict.NOT_CONFORMANT).run(profile="reference", accept_known="true")

    assert (done.code, done.outputs["verdict"]) == (0, "not conformant")


def test_what_was_told_is_in_the_log_and_nothing_of_it_is_obeyed(pretend: Pretend) -> None:
    job = pretend(0, tells="::error::no\n::set-output x", verdict=Verdict.CONFORMANT)

    done = job.run(profile="reference")

    log = (job.report / "certify.log").read_text(encoding="utf-8")
    assert "::error::no" in log
    assert log == done.told
    lines = done.told.splitlines()
    (stop,) = [line for line in lines if line.startswith("::stop-commands::")]
    again = f"::{stop.removeprefix('::stop-commands::')}::"
    assert lines.index(stop) < lines.index("::error::no") < lines.index(again)


def test_the_report_of_an_earlier_run_makes_room(pretend: Pretend) -> None:
    job = pretend(0, verdict=Verdict.CONFORMANT)
    job.run(profile="reference")
    (job.folder / "report.json").unlink()
    write(job.folder / "ends", "3")

    done = job.run(profile="reference")

    assert (done.code, done.outputs["verdict"]) == (3, "")
    assert not (job.report / "report.json").exists()


def test_somebody_elses_report_is_neither_removed_nor_taken_for_this_runs(pretend: Pretend) -> None:
    job = pretend(0, verdict=Verdict.CONFORMANT)
    job.report.mkdir()
    theirs = make_report(make_result(), verdict=Verdict.CONFORMANT).model_dump_json()
    write(job.report / "report.json", theirs)

    done = job.run(profile="reference")

    assert (done.code, done.outputs["verdict"]) == (3, "")
    assert "the folder holds an earlier report or other files" in done.told
    assert (job.report / "report.json").read_text(encoding="utf-8") == theirs
    assert not (job.folder / "called.json").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["INT", "TERM"])
def test_a_job_that_is_cancelled_lets_the_certification_tidy_up(
    pretend: Pretend, number: signal.Signals
) -> None:
    job = pretend("waits", verdict=Verdict.INCONCLUSIVE)
    with job.start(profile="reference", height="bench") as process:
        assert process.stdout
        assert any(line == "waiting\n" for line in process.stdout)

        process.send_signal(number)

        done = job.end(process)
    assert done.code == 130
    assert done.outputs["exit-code"] == "130"
    assert "interrupted" in done.told


@pytest.mark.parametrize(
    ("wishes", "what", "where"),
    [
        ({}, "no profile is given", "DRAWPLATE_PROFILE"),
        ({"profile": "nowhere.yaml"}, "cannot be read", "workspace/nowhere.yaml"),
        ({"profile": "refrence"}, "no shipped profile 'refrence'", "the profile's name"),
        ({"profile": "reference", "accept_known": "yes"}, "neither true nor false", "accept-known"),
        ({"profile": "reference", "images": "acme:1"}, "no image archive", "reference.yaml"),
        ({"profile": "reference", "out": "/proc/x"}, "report folder", "/proc/x"),
    ],
)
def test_what_is_wrong_is_told_once_before_anything_is_begun(
    pretend: Pretend, wishes: dict[str, str], what: str, where: str
) -> None:
    job = pretend(0, verdict=Verdict.CONFORMANT)

    done = job.run(**wishes)

    lines = done.told.splitlines()
    (first,) = [number for number, line in enumerate(lines) if line.startswith("drawplate: ")]
    assert what in lines[first]
    assert lines[first + 1].startswith("  where  ")
    assert where in lines[first + 1]
    assert lines[first + 2].startswith("  cure   ")
    assert (done.code, done.outputs["exit-code"]) == (3, "3")
    assert not (job.folder / "called.json").exists()


@pytest.mark.root
def test_a_user_who_may_make_no_cluster_is_told(scratch: Path) -> None:
    scratch.chmod(0o755)
    made = Job.outside(scratch)
    # As sudo does that wants a password.
    (scratch / "bin").mkdir()
    (scratch / "bin" / "sudo").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    (scratch / "bin" / "sudo").chmod(0o755)
    user = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")

    done = Job(made.folder, made.script, scratch / "bin", user).run(profile="reference")

    what, where, cure = done.told.splitlines()[:3]
    assert "may not use sudo without a password" in what
    assert "user nobody, provider kind" in where
    assert "height bench" in cure
    assert done.code == 3


def test_a_missing_drawplate_is_told(tmp_path: Path) -> None:
    made = Job.outside(tmp_path)

    done = Job(made.folder, made.script, tmp_path).run(profile="reference")

    assert done.code == 3
    assert "drawplate: drawplate is not installed" in done.told


def test_a_word_too_much_is_told(pretend: Pretend) -> None:
    done = pretend(0).run("certify", profile="reference")

    assert done.code == 3
    assert "'certify' is no argument of this script" in done.told


@pytest.mark.parametrize(("ends", "kept"), [(3, True), (4, True), (1, False)])
def test_logs_of_a_run_without_a_verdict_are_kept(
    pretend: Pretend,
    ends: int,
    kept: bool,  # noqa: FBT001
) -> None:
    job = pretend(ends, verdict=Verdict.NOT_CONFORMANT if ends == 1 else None)
    old = job.folder / "s" / "drawplate" / "old.log"
    old.parent.mkdir(parents=True)
    write(old, "of an earlier run")
    os.utime(old, (0, 0))

    job.run(profile="reference", cache=str(job.folder / "cache"))

    found = {path.name for path in job.report.glob("logs/drawplate/**/*.log")}
    assert found == ({"kubelet.log"} if kept else set())
