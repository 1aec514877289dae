"""`./run test`: lint, types, components, then the whole test suite in one pytest run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from drawplate.emulators.problems import Problem, SetupProblem
from drawplate.fixtures.clusters.components.get import ensure
from drawplate.fixtures.clusters.components.toolchain import ensure_go
from drawplate.fixtures.clusters.components.versions import shipped
from drawplate.fixtures.images.get import ensure_images
from drawplate.fixtures.progress import Progress

CHECKOUT = Path(__file__).resolve().parents[2]
CHECKS = {
    "lint": ["-m", "ruff", "check", "."],
    "format": ["-m", "ruff", "format", "--check", "."],
    "types": ["-m", "mypy"],
}


def _check(title: str, arguments: list[str], progress: Progress) -> None:
    with progress.step(title):
        done = subprocess.run(
            [sys.executable, *arguments], cwd=CHECKOUT, capture_output=True, text=True, check=False
        )
    if done.returncode != 0:
        raise SetupProblem(
            f"{title} found something:\n{done.stdout}{done.stderr}",
            cure="`nox -s lint types` runs these alone",
        )


def _prepare(progress: Progress) -> None:
    """Get what the tests stand on before they start, so that no test waits for a build."""
    # Some tests build programs of others, in Go, that read emulated hardware.
    go = ensure_go(shipped().go, progress)
    os.environ["PATH"] = f"{go.parent}:{os.environ['PATH']}"
    names = ["kubernetes", "etcd"]
    if os.geteuid() == 0:
        names += ["containerd", "runc", "cni", "probe", "pause"]
        # What nodes of kind have beside that.
        names += ["kind", "kubeadm", "coredns", "ptp"]
    ensure(names, progress)
    if os.geteuid() == 0:
        ensure_images(["pause", "tools", "probe", "driver"], progress)


def main(arguments: list[str]) -> int:
    """Run everything; gives pytest's exit code, or that of the first check that failed."""
    if not (CHECKOUT / "pyproject.toml").is_file():
        print("drawplate: the tests need a checkout of the repository", file=sys.stderr)
        return 3
    # A shell's background job ignores SIGINT and hands that on; tests send it to what they start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    progress = Progress()
    try:
        if not arguments:
            for title, command in CHECKS.items():
                _check(title, command, progress)
        _prepare(progress)
    except Problem as problem:
        print(f"drawplate: {problem}", file=sys.stderr)
        return problem.exit_code
    # Serial on purpose: the leak tests compare the whole machine before and after. What can run
    # in parallel does so inside the certifications that the tests start.
    chosen = arguments or ["-m", "not extra"]
    command = [sys.executable, "-m", "pytest", "-v", "--durations=15", *chosen]
    return subprocess.run(command, cwd=CHECKOUT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
