"""`nox -s flakes`: certifies again and again on one cluster, in ever new orders, and tells flakes.

Each run draws its order from its own seed, which is printed, and with which `drawplate certify
--shuffle --seed` repeats it. A requirement that not all runs judged alike is a flake; so is one
that the reference driver, which meets all of them, did not pass.
"""

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from drawplate.conformance.profile.load import load
from drawplate.conformance.run.collection import height_of, needs_of, requirements_of
from drawplate.conformance.run.pytest_session import SETTINGS, SUITES
from drawplate.emulators.problems import Problem, SuiteError

PROFILE = "reference"


@dataclass(frozen=True, slots=True)
class Shot:
    """One run: its seed, how long it took in seconds, and what came of each requirement."""

    seed: int
    seconds: float
    results: Mapping[str, str]
    seen: Mapping[str, str]

    @property
    def bad(self) -> dict[str, str]:
        """Give the requirements that did not pass."""
        return {name: result for name, result in self.results.items() if result != "pass"}


class _Shareable:
    """A pytest plugin that finds the requirements of the tests that run beside others."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def pytest_collection_modifyitems(self, items: Sequence[pytest.Item]) -> None:
        """Look at all tests."""
        for item in items:
            if height_of(item) == "cluster" and needs_of(item).shares_devices:
                self.found.update(requirements_of(item))


def shareable() -> list[str]:
    """Give the requirements of the cluster tests that may run beside others."""
    finder = _Shareable()
    plugins = ["-p", "no:cacheprovider", "-p", "no:terminal", "-p", "drawplate.conformance.plugin"]
    code = pytest.main(
        [
            "-c",
            str(SETTINGS),
            f"--rootdir={SUITES.parent}",
            *plugins,
            "--collect-only",
            str(SUITES),
        ],
        plugins=[finder],
    )
    if code != pytest.ExitCode.OK or not finder.found:
        raise SuiteError(f"the suites cannot be collected ({code!r})")
    return sorted(finder.found)


def shoot(options: argparse.Namespace, cluster: str, chosen: Sequence[str], seed: int) -> Shot:
    """Certify once. Raises SuiteError when no report comes of it."""
    with TemporaryDirectory(prefix="drawplate-flakes-") as folder:
        out = Path(folder) / "out"
        command = [sys.executable, "-m", "drawplate.conformance.cli.main", "certify", PROFILE]
        command += ["--height", "cluster", "--cluster", cluster, "--out", str(out)]
        command += ["-n", str(options.workers), "--shuffle", "--seed", str(seed)]
        command += ["--select", *chosen] if chosen else []
        began = time.monotonic()
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        seconds = time.monotonic() - began
        try:
            text = (out / "report.json").read_text(encoding="utf-8")
        except FileNotFoundError as error:
            raise SuiteError(f"seed {seed}: no report; {done.stderr[-2000:]}") from error
        if options.keep and done.returncode:
            out.rename(options.keep / f"seed-{seed}")
    entries = [entry for entry in json.loads(text)["requirements"] if was_tried(entry)]
    results = {entry["id"]: entry["result"] for entry in entries}
    return Shot(seed, seconds, results, {entry["id"]: _seen(entry) for entry in entries})


def was_tried(entry: Mapping[str, Any]) -> bool:
    """Say whether a requirement was not set aside before the run, as of each run of this kind."""
    return bool(entry["tests"]) or entry["result"] != "not applicable"


def _seen(entry: Mapping[str, Any]) -> str:
    failures = [test["failure"] for test in entry["tests"] if test["failure"]]
    return "; ".join(failure["seen"] for failure in failures) or str(entry["reason"])


def flakes(shots: Sequence[Shot]) -> dict[str, Counter[str]]:
    """Give, for each requirement that did not pass in all runs, how often it got which result."""
    results: dict[str, Counter[str]] = {}
    for shot in shots:
        for name, result in shot.results.items():
            results.setdefault(name, Counter())[result] += 1
    return {
        name: counts for name, counts in sorted(results.items()) if counts["pass"] != len(shots)
    }


@contextmanager
def _cluster(name: str) -> Iterator[str]:
    """Give the named cluster, or one that is made for this."""
    if name:
        yield name
        return
    # Only needed without a cluster; it takes a while to import.
    import os  # noqa: PLC0415

    from drawplate.conformance.drivers.hardware import machine_of  # noqa: PLC0415
    from drawplate.fixtures.clusters import providers  # noqa: PLC0415
    from drawplate.fixtures.clusters.provider import ClusterSpec  # noqa: PLC0415
    from drawplate.fixtures.progress import Progress  # noqa: PLC0415

    spec = ClusterSpec(f"flakes-{os.getpid()}", machine=machine_of(load(PROFILE)))
    made = providers.up(spec, Progress(), owner_pid=os.getpid())
    try:
        yield made.name
    finally:
        made.down()


def _tell(number: int, shot: Shot) -> None:
    bad = ", ".join(f"{name} {result}" for name, result in shot.bad.items()) or "all pass"
    print(f"{number:>3}  seed {shot.seed:<10}  {shot.seconds:6.1f} s  {bad}", flush=True)
    for name in shot.bad:
        print(f"     {name}: {' '.join(shot.seen[name].split())[:200]}", flush=True)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="nox -s flakes --", description=__doc__)
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--cluster", default="", metavar="NAME", help="default: one of its own")
    parser.add_argument("--all", action="store_true", help="tests that take turns too")
    parser.add_argument("-n", "--workers", type=int, default=2)
    parser.add_argument("--seed", type=int, default=None, help="of the first run; then one more")
    parser.add_argument("--keep", type=Path, default=None, help="folder for reports of bad runs")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run; 1 when there was a flake."""
    options = _arguments(arguments)
    first = options.seed if options.seed is not None else SystemRandom().randrange(2**31)
    shots: list[Shot] = []
    try:
        chosen = [] if options.all else shareable()
        print(f"{options.runs} runs, {options.workers} workers: {' '.join(chosen) or 'everything'}")
        with _cluster(options.cluster) as cluster:
            for number in range(options.runs):
                shots.append(shoot(options, cluster, chosen, first + number))
                _tell(number + 1, shots[-1])
    except Problem as problem:
        print(f"drawplate: {problem}", file=sys.stderr)
        return problem.exit_code
    found = flakes(shots)
    for name, counts in found.items():
        print(f"FLAKE {name}: {', '.join(f'{what} {n}' for what, n in counts.items())}")
    print(f"{len(shots)} runs, {len(found)} requirements with a flake")
    return 1 if found or not shots else 0


if __name__ == "__main__":
    sys.exit(main())
