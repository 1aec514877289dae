"""`nox -s mutants`: certifies every mutant, and shows that exactly the right checks fail."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

from drawplate.conformance import catalogue
from drawplate.conformance.drivers.hardware import machine_of
from drawplate.conformance.profile.load import load
from drawplate.conformance.run.furnishing import furnished
from drawplate.conformance.run.ground import Ground
from drawplate.conformance.selftest.mutants import registry
from drawplate.conformance.selftest.mutants.profiles import write_profile
from drawplate.conformance.selftest.mutants.registry import Mutant
from drawplate.emulators.problems import Problem
from drawplate.fixtures.clusters import providers
from drawplate.fixtures.clusters.local import lifecycle
from drawplate.fixtures.clusters.provider import Cluster, ClusterSpec
from drawplate.fixtures.progress import Progress

Stage = Literal["bench", "cluster", "nodes"]
STAGES: Mapping[Stage, str] = {
    "bench": "our kubelet and scheduler, on a real API server",
    "cluster": "one node of plain processes",
    "nodes": "three nodes of the provider kind, with the driver as pods",
}
NODES = 3

# Certifications mostly wait for processes, so two for each processor run side by side.
JOBS = 2 * (os.cpu_count() or 1)


@dataclass(frozen=True, slots=True)
class Row:
    """What one mutant did at one stage."""

    mutant: Mutant
    stage: Stage
    wanted: frozenset[str]
    failed: frozenset[str]
    trouble: str = ""
    """What kept the mutant from being judged, or what the checks saw that should not have failed."""

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


def wanted(mutant: Mutant, stage: Stage) -> frozenset[str]:
    """Give the requirements that the mutant must fail at a stage."""
    return frozenset(name for name in mutant.finders if stage in stages_of(name))


def stages_of(requirement: str) -> frozenset[Stage]:
    """Give the stages at which a requirement is checked."""
    entry = catalogue.load()[requirement]
    in_cluster: Stage = "nodes" if entry.nodes > 1 else "cluster"
    return frozenset("bench" if height == "bench" else in_cluster for height in entry.heights)


def judge(mutant: Mutant, stage: Stage, cluster: Cluster | None, scratch: Path) -> Row:
    """Certify one mutant.

    At the bench all checks run; in a cluster, where each takes seconds, those that must fail.
    """
    out = scratch / f"{mutant.name}-{stage}"
    height = "bench" if stage == "bench" else "cluster"
    folder = scratch / stage
    folder.mkdir(exist_ok=True)
    profile = write_profile(mutant.name, folder, as_pods=stage == "nodes")
    must = wanted(mutant, stage)
    command = [sys.executable, "-m", "drawplate.conformance.cli.main", "certify", str(profile)]
    command += ["--height", height, "-n", "1", "--out", str(out)]
    command += ["--cluster", cluster.name] if cluster else []
    command += ["--select", *sorted(must)] if height == "cluster" else []
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    report = out / "report.json"
    if done.returncode not in {0, 1, 2} or not report.is_file():
        return Row(mutant, stage, must, frozenset(), (done.stderr or done.stdout)[-600:])
    entries = json.loads(report.read_text(encoding="utf-8"))["requirements"]
    failures = {entry["id"]: entry for entry in entries if entry["result"] == "fail"}
    seen = [_seen(entry) for name, entry in failures.items() if name not in must]
    return Row(mutant, stage, must, frozenset(failures), "; ".join(seen))


def _seen(entry: Mapping[str, Any]) -> str:
    told = [run["failure"]["seen"] for run in entry["tests"] if run.get("failure")]
    return f"{entry['id']} saw: {' / '.join(told)}"


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
    only_here = {name for name in catalogue.load() if stages_of(name) == {"cluster"}}
    mutants = [m for m in chosen if m.finders & only_here and not m.rights]
    if not mutants or os.geteuid() != 0:
        return
    spec = ClusterSpec(name=f"mutants-c-{os.getpid()}")
    yield from _rows_on(spec, "cluster", mutants, scratch, progress)


def _nodes_rows(chosen: Sequence[Mutant], scratch: Path, progress: Progress) -> Iterator[Row]:
    mutants = [mutant for mutant in chosen if wanted(mutant, "nodes")]
    if not mutants or os.geteuid() != 0:
        return
    spec = ClusterSpec(name=f"mutants-n-{os.getpid()}", provider="kind", nodes=NODES)
    yield from _rows_on(spec, "nodes", mutants, scratch, progress)


def _rows_on(
    spec: ClusterSpec, stage: Stage, mutants: Sequence[Mutant], scratch: Path, progress: Progress
) -> Iterator[Row]:
    machine = machine_of(load("reference"))
    cluster = providers.up(replace(spec, machine=machine), progress, owner_pid=os.getpid())
    try:
        for mutant in mutants:
            yield judge(mutant, stage, cluster, scratch)
    finally:
        cluster.down()


SOURCES: Mapping[Stage, Callable[[Sequence[Mutant], Path, Progress], Iterator[Row]]] = {
    "bench": _bench_rows,
    "cluster": _cluster_rows,
    "nodes": _nodes_rows,
}


def _tell(row: Row) -> str:
    parts = [f"{'ok' if row.right else 'WRONG':<6} {row.mutant.name:<28} {row.stage:<8}"]
    parts.append(f"fails {', '.join(sorted(row.failed & row.wanted)) or 'nothing'}")
    if row.survived:
        parts.append(f"SURVIVED {', '.join(sorted(row.survived))}")
    if row.overkill:
        parts.append(f"ALSO FAILS {', '.join(sorted(row.overkill))}")
    if row.trouble:
        parts.append(f"TROUBLE {' '.join(row.trouble.split())}")
    return "  ".join(parts)


def run_matrix(names: Iterable[str], stages: Iterable[Stage], progress: Progress) -> list[Row]:
    """Certify the named mutants (all when there are none) and print a line for each."""
    known = registry.load()
    chosen = [known[name] for name in names] or list(known.values())
    rows: list[Row] = []
    with TemporaryDirectory(prefix="drawplate-mutants-") as folder:
        scratch = Path(folder)
        for stage in stages:
            for row in SOURCES[stage](chosen, scratch, progress):
                rows.append(row)
                print(_tell(row), flush=True)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the matrix; 1 when a mutant survives or kills what it should not."""
    parser = argparse.ArgumentParser(prog="nox -s mutants --", description=__doc__)
    parser.add_argument("--only", nargs="+", default=[], choices=sorted(registry.names()))
    told = "; ".join(f"{stage}: {words}" for stage, words in STAGES.items())
    parser.add_argument("--stage", choices=tuple(STAGES), nargs="+", default=[], help=told)
    given = parser.parse_args(arguments)
    try:
        rows = run_matrix(given.only, given.stage or STAGES, Progress())
    except Problem as problem:
        print(f"drawplate: {problem}", file=sys.stderr)
        return problem.exit_code
    wrong = [row for row in rows if not row.right]
    print(f"{len(rows) - len(wrong)} mutants as they must be, {len(wrong)} not")
    return 1 if wrong or not rows else 0


if __name__ == "__main__":
    sys.exit(main())
