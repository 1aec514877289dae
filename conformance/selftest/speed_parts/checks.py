"""How long the checks of a certification take, as its own report tells."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any

from drawplate.conformance import catalogue
from drawplate.conformance.catalogue import Height
from drawplate.conformance.selftest.speed_parts.figures import Series
from drawplate.conformance.selftest.speed_parts.session import Session
from drawplate.emulators.problems import SetupProblem

CERTIFY = ("-m", "drawplate.conformance.cli.main", "certify", "reference")
SETUP_PROBLEM = 3
QUICK_CHECKS = 3


def measure_bench_checks(session: Session) -> Iterator[Series]:
    """Certify the reference driver at the bench."""
    yield from _measure(session, "bench")


def measure_cluster_checks(session: Session) -> Iterator[Series]:
    """Certify the reference driver in a cluster."""
    yield from _measure(session, "cluster")


def seconds_by_test(report: Mapping[str, Any]) -> dict[str, float]:
    """Give the seconds of each test; one that covers several requirements counts once."""
    return {
        test["id"]: test["seconds"] for entry in report["requirements"] for test in entry["tests"]
    }


def _measure(session: Session, height: Height) -> Iterator[Series]:
    out = session.scratch / f"certify-{height}"
    options = ["--height", height, "--out", str(out)]
    if session.quick:
        options += ["--select", *_few(height)]
    title = f"certify reference --height {height}"
    began = time.monotonic()
    with session.progress.step(title):
        done = subprocess.run(
            [sys.executable, *CERTIFY, *options], capture_output=True, text=True, check=False
        )
    whole = time.monotonic() - began
    if done.returncode >= SETUP_PROBLEM:
        raise SetupProblem(f"the certification left with {done.returncode}: {done.stderr[-600:]}")
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    if seconds := seconds_by_test(report):
        yield Series(f"one check, {height} (of {title})", "s", tuple(seconds.values()))
    yield Series(f"`{title}`, {len(seconds)} checks, {report['verdict']}", "s", (whole,))


def _few(height: Height) -> list[str]:
    known = [one.id for one in catalogue.load().values() if one.heights == (height,)]
    return known[:QUICK_CHECKS]
