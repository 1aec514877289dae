"""`nox -s mutants`: certifies every mutant, and shows that exactly the right checks fail."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from drawplate.conformance import catalogue
from drawplate.conformance.catalogue import Height
from drawplate.conformance.drivers.hardware import machine_of
from drawplate.conformance.profile.load import load
from drawplate.conformance.run.furnishing import furnished
from drawplate.conformance.run.ground import Ground
from drawplate.conformance.selftest.mutants import registry
from drawplate.conformance.selftest.mutants.profiles import write_profile
from drawplate.conformance.selftest.mutants.registry import Mutant
from drawplate.emulators.problems import Problem
from drawplate.fixtures.clusters.local import lifecycle
from drawplate.fixtures.clusters.provider import Cluster, ClusterSpec
from drawplate.fixtures.progress import Progress

# Certifications mostly wait for processes, so two for each processor run side by side.
JOBS = 2 * (os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Row:
    """What one mutant did at one height."""

    mutant: Mutant
    height: Height
    wanted: frozenset[str]
    failed: frozenset[str]
    trouble: str = ""

    @property
    def survived(self) -> frozenset[str]:
        """Give the checks that should have failed and did not."""
        return self.wanted - self.failed

    @property
    def overkill(self) -> frozenset[str]:
        """Give the checks that failed and should not have."""
        return self.failed - self.wanted

    @property
    def right(self) -> bool:
        """Say whether exactly the right checks failed."""
        return not (self.trouble or self.survived or self.overkill)


def wanted(mutant: Mutant, height: Height) -> frozenset[str]:
    """Give the requirements that the mutant must fail at a height."""
    known = catalogue.load()
    return frozenset(name for name in mutant.finders if height in known[name].heights)


def judge(mutant: Mutant, height: Height, cluster: Cluster | None, scratch: Path) -> Row:
    """Certify one mutant.

    At the bench all checks run; in the cluster, where each takes seconds, those that must fail.
    """
    out = scratch / f"{mutant.name}-{height}"
    profile = write_profile(mutant.name, scratch)
    must = wanted(mutant, height)
    command = [sys.executable, "-m", "drawplate.conformance.cli.main", "certify", str(profile)]
    command += ["--height", height, "-n", "1", "--out", str(out)]
    command += ["--cluster", cluster.name] if cluster else []
    command += ["--select", *sorted(must)] if height == "cluster" else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = out / "report.json"
    if done.returncode not in {0, 1, 2} or not report.is_file():
        return Row(mutant, height, must, frozenset(), (done.stderr or done.stdout)[-600:])
    entries = json.loads(report.read_text(encoding="utf-8"))["requirements"]
    failed = frozenset(entry["id"] for entry in entries if entry["result"] == "fail")
    return Row(mutant, height, must, failed)


def _bench_rows(chosen: Sequence[Mutant], scratch: Path, progress: Progress) -> Iterator[Row]:
    mutants = [mutant for mutant in chosen if wanted(mutant, "bench")]
    if not mutants:
        return
    with ExitStack() as ends:
        bench = lifecycle.up(
            ClusterSpec(name=f"mutants-{os.getpid()}", bench=True), progress, owner_pid=os.getpid()
        )
        ends.callback(bench.down)
        # Made here once, they are nobody's to remove while others still use them.
        ends.enter_context(furnished(load("reference"), Ground(bench, None)))
        pool = ends.enter_context(ThreadPoolExecutor(JOBS))

        def run(mutant: Mutant) -> Row:
            # What changes the rights of all drivers needs an API server of its own.
            return judge(mutant, "bench", None if mutant.rights else bench, scratch)

        for done in as_completed([pool.submit(run, mutant) for mutant in mutants]):
            yield done.result()


def _cluster_rows(chosen: Sequence[Mutant], scratch: Path, progress: Progress) -> Iterator[Row]:
    known = catalogue.load()
    only_here = {e.id for e in known.values() if e.heights == ("cluster",)}
    mutants = [m for m in chosen if m.finders & only_here and not m.rights]
    if not mutants or os.geteuid() != 0:
        return
    machine = machine_of(load("reference"))
    spec = ClusterSpec(name=f"mutants-c-{os.getpid()}", machine=machine)
    cluster = lifecycle.up(spec, progress, owner_pid=os.getpid())
    try:
        for mutant in mutants:
            yield judge(mutant, "cluster", cluster, scratch)
    finally:
        cluster.down()


def _tell(row: Row) -> str:
    parts = [f"{'ok' if row.right else 'WRONG':<6} {row.mutant.name:<28} {row.height:<8}"]
    parts.append(f"fails {', '.join(sorted(row.failed & row.wanted)) or 'nothing'}")
    if row.survived:
        parts.append(f"SURVIVED {', '.join(sorted(row.survived))}")
    if row.overkill:
        parts.append(f"ALSO FAILS {', '.join(sorted(row.overkill))}")
    if row.trouble:
        parts.append(f"TROUBLE {' '.join(row.trouble.split())}")
    return "  ".join(parts)


def run_matrix(names: Iterable[str], heights: Iterable[str], progress: Progress) -> list[Row]:
    """Certify the named mutants (all when there are none) and print a line for each."""
    known = registry.load()
    chosen = [known[name] for name in names] or list(known.values())
    rows: list[Row] = []
    with TemporaryDirectory(prefix="drawplate-mutants-") as folder:
        scratch = Path(folder)
        for height, source in (("bench", _bench_rows), ("cluster", _cluster_rows)):
            if height in heights:
                for row in source(chosen, scratch, progress):
                    rows.append(row)
                    print(_tell(row), flush=True)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the matrix; 1 when a mutant survives or kills what it should not."""
    parser = argparse.ArgumentParser(prog="nox -s mutants --", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], choices=sorted(registry.names()))
    parser.add_argument("--height", choices=("bench", "cluster"), default=None)
    given = parser.parse_args(arguments)
    heights = [given.height] if given.height else ["bench", "cluster"]
    try:
        rows = run_matrix(given.only, heights, Progress())
    except Problem as problem:
        print(f"drawplate: {problem}", file=sys.stderr)
        return problem.exit_code
    wrong = [row for row in rows if not row.right]
    print(f"{len(rows) - len(wrong)} mutants as they must be, {len(wrong)} not")
    return 1 if wrong or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
