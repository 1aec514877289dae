"""`nox -s wheel`: the wheel alone, in a clean environment, does all that the checkout does."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from drawplate.conformance import catalogue
from drawplate.conformance.profile.load import shipped
from drawplate.conformance.selftest.wheel_parts import contents
from drawplate.conformance.selftest.wheel_parts.outside import Outside, tail
from drawplate.conformance.selftest.wheel_parts.places import slots
from drawplate.emulators.problems import Problem, SetupProblem
from drawplate.fixtures.progress import Progress

CHECKOUT = Path(__file__).resolve().parents[2]
REPORT_FILES = ("report.json", "report.html", "junit.xml")
INTERRUPTED = 130  # 128 + SIGINT, as shells report it
CERTIFY = ("drawplate", "certify", "reference")


def build(source: Path, target: Path) -> Path:
    """Build the wheel of a checkout or a source distribution into a folder of its own.

    Raises SetupProblem.
    """
    _build("pip", "wheel", "--no-deps", "--no-build-isolation", "-w", str(target), str(source))
    return next(target.glob("*.whl"))


def pack(target: Path) -> Path:
    """Build the source distribution of the checkout. Raises SetupProblem."""
    _build("hatchling", "build", "-t", "sdist", "-d", str(target))
    return next(target.glob("*.tar.gz"))


def _build(*command: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SetupProblem(
            f"{command[0]} cannot build:\n{tail(done)}",
            where=" ".join(command),
            cure="`./run` makes the environment that this needs",
        )


def check_contents(wheel: Path, scratch: Path, progress: Progress) -> Iterator[str]:
    """Say what is wrong with the files of the wheel, and with the source distribution."""
    held = contents.contents(wheel)
    progress.say(f"{wheel.name}: {len(held)} files, {wheel.stat().st_size / 1e6:.1f} MB")
    yield from contents.findings(held, contents.known_files(CHECKOUT))
    with progress.step("building the source distribution, and a wheel of it"):
        again = build(pack(scratch / "sdist"), scratch / "again")
    yield from contents.differences(held, contents.contents(again))


def check_places(outside: Outside) -> Iterator[str]:
    """Say what the installed wheel takes from the checkout, and what it would build again."""
    told = outside.places()
    if not Path(told["package"]).is_relative_to(outside.venv.resolve()):
        yield f"the installed package is not in its environment but in {told['package']}"
    for entry in told["search"]:
        if Path(entry).is_relative_to(CHECKOUT):
            yield f"the clean environment imports from the checkout: {entry}"
    own = slots()
    for name in sorted(own.keys() | told["slots"].keys()):
        here, there = own.get(name), told["slots"].get(name)
        if here != there:
            yield f"the wheel would make {name} again: it is {here}, the wheel asks for {there}"


def check_commands(outside: Outside, progress: Progress) -> Iterator[str]:
    """Say which command does not work from the wheel alone."""
    profiles = sorted(shipped())
    commands = [
        ("drawplate", "--version"),
        ("drawplate", "--help"),
        ("drawplate-driver", "--help"),
        ("drawplate", "requirements"),
        ("drawplate", "profile", "ls"),
        *(("drawplate", "profile", "check", name) for name in profiles),
        ("drawplate", "profile", "schema"),
        ("drawplate", "components", "ls"),
    ]
    for command in commands:
        with progress.step(" ".join(command)):
            done = outside.run(*command)
        if done.returncode or not done.stdout.strip():
            yield f"`{' '.join(command)}` left with {done.returncode}:\n{tail(done)}"


def check_certification(
    outside: Outside, out: Path, progress: Progress, *options: str
) -> Iterator[str]:
    """Say what keeps a certification from the wheel alone from being conformant."""
    command = (*CERTIFY, *options, "--out", str(out))
    with progress.step(" ".join((*CERTIFY, *options))):
        done = outside.run(*command)
    if done.returncode:
        yield f"`{' '.join(command)}` left with {done.returncode}:\n{tail(done)}"
        return
    lacking = [name for name in REPORT_FILES if not (out / name).is_file()]
    yield from (f"the certification wrote no {name}" for name in lacking)
    if "report.json" not in lacking:
        report = json.loads((out / "report.json").read_text(encoding="utf-8"))
        if report["verdict"] != "conformant":
            yield f"the certification left with 0, but its report says {report['verdict']!r}"


def _certifications(outside: Outside, scratch: Path, height: str, progress: Progress) -> list[str]:
    bench = ("--height", "bench", "-n", "2")
    found = [*check_certification(outside, scratch / "bench", progress, *bench)]
    if height == "all":
        # One pod is enough to show that images, manifests and templates are there.
        first = next(one.id for one in catalogue.load().values() if one.heights == ("cluster",))
        cluster = ("--height", "cluster", "-n", "1", "--select", first)
        found += check_certification(outside, scratch / "cluster", progress, *cluster)
    return found


def examine(scratch: Path, height: str, progress: Progress) -> list[str]:
    """Build, install and try the wheel; give what is wrong with it. Raises SetupProblem."""
    if not (CHECKOUT / "pyproject.toml").is_file():
        raise SetupProblem("there is no checkout to build a wheel of", where=str(CHECKOUT))
    with progress.step("building the wheel"):
        wheel = build(CHECKOUT, scratch / "wheel")
    found = [*check_contents(wheel, scratch, progress)]
    with progress.step("making a clean environment"):
        outside = Outside.make(scratch, CHECKOUT)
    outside.install(wheel, CHECKOUT, progress)
    found += check_places(outside)
    found += check_commands(outside, progress)
    found += _certifications(outside, scratch, height, progress)
    litter = sorted(path.name for path in outside.folder.iterdir())
    return found + [f"a command left {name} in the working folder" for name in litter]


def main(arguments: Sequence[str] | None = None) -> int:
    """Examine the wheel; 1 when it does not do what the checkout does."""
    parser = argparse.ArgumentParser(prog="nox -s wheel --", description=__doc__)
    parser.add_argument(
        "--height",
        choices=("bench", "all"),
        default="all" if os.geteuid() == 0 else "bench",
        help="what is certified at the end; the cluster of `all` needs root (its default)",
    )
    height: str = parser.parse_args(arguments).height
    progress = Progress()
    try:
        with TemporaryDirectory(prefix="drawplate-wheel-") as folder:
            found = examine(Path(folder), height, progress)
    except Problem as problem:
        print(f"drawplate: {problem}", file=sys.stderr)
        return problem.exit_code
    except KeyboardInterrupt:
        print("drawplate: interrupted", file=sys.stderr)
        return INTERRUPTED
    for finding in found:
        print(finding)
    if not found:
        print(f"the wheel alone does what the checkout does (certified: {height})")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
