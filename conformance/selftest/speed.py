"""`nox -s bench-speed`: how fast Drawplate and the drivers are here; a table, never a verdict."""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from drawplate.conformance.problems import Inconclusive, Problem, SetupProblem
from drawplate.conformance.selftest.speed_parts.checks import (
    measure_bench_checks,
    measure_cluster_checks,
)
from drawplate.conformance.selftest.speed_parts.clusters import measure_bench, measure_cluster
from drawplate.conformance.selftest.speed_parts.command import measure_command
from drawplate.conformance.selftest.speed_parts.drivers import measure_drivers
from drawplate.conformance.selftest.speed_parts.figures import Series, show, table
from drawplate.conformance.selftest.speed_parts.machine import describe
from drawplate.conformance.selftest.speed_parts.pods import measure_pods
from drawplate.conformance.selftest.speed_parts.session import Part, Session
from drawplate.fixtures.kubeapi import ApiError
from drawplate.fixtures.progress import Progress
from drawplate.fixtures.waiting import NotInTime

PARTS = (
    Part("command", measure_command),
    Part("bench", measure_bench),
    Part("cluster", measure_cluster, root=True),
    Part("drivers", measure_drivers),
    Part("pods", measure_pods, root=True),
    Part("bench-checks", measure_bench_checks),
    Part("cluster-checks", measure_cluster_checks, root=True),
)
INTERRUPTED = 130  # 128 + SIGINT, as shells report it


@dataclass(slots=True)
class Results:
    """What was measured, and why some of it was not; `machine` is as before the first part."""

    machine: Mapping[str, str]
    found: list[Series] = field(default_factory=list)
    left_out: dict[str, str] = field(default_factory=dict)
    broken: dict[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """Give the table, with the machine above it and what is missing below it."""
        lines = [f"- {title}: {value}" for title, value in self.machine.items()]
        lines += ["", table(self.found)] if self.found else ["", "nothing was measured"]
        lines += [""] if self.left_out or self.broken else []
        lines += [f"- left out: {name}: {why}" for name, why in self.left_out.items()]
        lines += [f"- broken off: {name}: {why}" for name, why in self.broken.items()]
        return "\n".join(lines)

    def record(self) -> dict[str, Any]:
        """Give all of it, every sample included, as JSON data."""
        return {
            "format": "drawplate.speed/v1",
            "machine": dict(self.machine),
            "series": [series.record() for series in self.found],
            "left_out": self.left_out,
            "broken": self.broken,
        }


def measure(parts: Iterable[Part], session: Session, results: Results, *, root: bool) -> None:
    """Add what the parts measure to `results`; one that breaks off does not keep others back."""
    for part in parts:
        if part.root and not root:
            results.left_out[part.name] = "it needs root"
            continue
        try:
            for series in part.measure(session):
                results.found.append(series)
                session.progress.say(f"{series.title}: {show(series.median)} {series.unit}")
        except (Problem, Inconclusive, NotInTime, ApiError) as trouble:
            results.broken[part.name] = str(trouble)
            session.progress.say(f"{part.name} broke off: {trouble}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="nox -s bench-speed --", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few samples: does it work at all?")
    parser.add_argument(
        "--only",
        nargs="+",
        metavar="NAME",
        choices=[part.name for part in PARTS],
        default=[part.name for part in PARTS],
        help=f"these parts: {', '.join(part.name for part in PARTS)}",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="write every sample as JSON")
    return parser


def _reserve(out: Path | None) -> None:
    """See that the file can be written before minutes are spent on what goes into it."""
    try:
        if out:
            out.touch()
    except OSError as error:
        raise SetupProblem(
            f"the figures cannot be written: {error.strerror}",
            where=str(out),
            cure="name a file in a folder that you may write to",
        ) from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the table; 1 when a part broke off, whatever the figures are."""
    given = _parser().parse_args(arguments)
    # gRPC tells every broken connection on stderr, and drivers are killed here on purpose.
    os.environ.setdefault("GRPC_VERBOSITY", "ERROR")
    try:
        _reserve(given.out)
    except SetupProblem as problem:
        print(f"drawplate: {problem}", file=sys.stderr)
        return problem.exit_code
    results = Results(describe())
    chosen = [part for part in PARTS if part.name in given.only]
    code = 0
    try:
        with TemporaryDirectory(prefix="drawplate-speed-") as folder:
            session = Session(Progress(), Path(folder), given.quick)
            measure(chosen, session, results, root=os.geteuid() == 0)
    except KeyboardInterrupt:
        print("drawplate: interrupted; what was measured so far:", file=sys.stderr)
        code = INTERRUPTED
    print(results.text())
    if given.out:
        given.out.write_text(json.dumps(results.record(), indent=1) + "\n", encoding="utf-8")
    return code or (1 if results.broken else 0)


if __name__ == "__main__":
    sys.exit(main())
