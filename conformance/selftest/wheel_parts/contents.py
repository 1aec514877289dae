"""What a wheel must hold: what git knows of the packaged folders, no more and no less."""

import subprocess
from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from zipfile import ZipFile

from drawplate.emulators.problems import SetupProblem

LINKS = Path(".links") / "drawplate"

KINDS = (
    "drawplate/conformance/ci/action.yml",
    "drawplate/conformance/ci/certify.sh",
    "drawplate/conformance/py.typed",
    "drawplate/conformance/requirements/*.yaml",
    "drawplate/conformance/run/packaged.ini",
    "drawplate/conformance/suites/*/test_*.py",
    "drawplate/driver/deploy/*.j2",
    "drawplate/driver/deploy/*.json",
    "drawplate/driver/wire/*.proto",
    "drawplate/emulators/faults/catalogue/*.yaml",
    "drawplate/emulators/machine/picture/*.j2",
    "drawplate/emulators/machines/*.yaml",
    "drawplate/emulators/machines/profiles/*.yaml",
    "drawplate/emulators/mig/geometries/*.yaml",
    "drawplate/emulators/nvml/api/functions/*.yaml",
    "drawplate/emulators/nvml/source/*.c",
    "drawplate/emulators/nvml/source/*.j2",
    "drawplate/emulators/smi/source/*.h",
    "drawplate/emulators/state/properties/*.yaml",
    "drawplate/emulators/watch/page/*",
    "drawplate/fixtures/clusters/components/versions.yaml",
    "drawplate/fixtures/clusters/gomodules/*/go.mod",
    "drawplate/fixtures/clusters/gomodules/*/go.sum",
    "drawplate/fixtures/clusters/gomodules/*/main.go",
    "drawplate/fixtures/clusters/local/templates/*.j2",
    "drawplate/fixtures/images/catalogue.yaml",
    "drawplate/fixtures/images/driver-lock.txt",
    "drawplate/fixtures/profiles/*.yaml",
    "drawplate/fixtures/profiles/schema.json",
    "drawplate/kind_configs/*.j2",
    "drawplate/kind_configs/versions.toml",
    "drawplate/reports/html/templates/*.j2",
    "drawplate/reports/schema.json",
)
"""What Drawplate cannot work without, so that a rule that hides a kind from git too is noticed."""


def packages(checkout: Path) -> dict[str, str]:
    """Give the package of each packaged folder, by the links that an editable install imports."""
    links = (checkout / LINKS).iterdir()
    return {link.readlink().name: f"drawplate/{link.name}" for link in links}


def known_files(checkout: Path) -> frozenset[str]:
    """Give what a wheel must have of each packaged folder: all files that git does not ignore.

    Raises SetupProblem outside a clone.
    """
    listed = ["--cached", "--others", "--exclude-standard", "-z", "--"]
    folders = packages(checkout)
    done = subprocess.run(
        ["git", "ls-files", *listed, *folders],
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SetupProblem(
            f"git does not tell which files belong to the project: {done.stderr.strip()}",
            where=str(checkout),
            cure="run this session in a clone of the repository",
        )
    # A file that was deleted and not yet committed is still in the index.
    paths = [path for path in done.stdout.split("\0") if path and (checkout / path).exists()]
    return frozenset(_inside(path, folders) for path in paths)


def _inside(path: str, folders: Mapping[str, str]) -> str:
    top, _, rest = path.partition("/")
    return f"{folders[top]}/{rest}"


def contents(wheel: Path) -> dict[str, int]:
    """Give the files of a wheel by name, each with its checksum."""
    with ZipFile(wheel) as archive:
        return {entry.filename: entry.CRC for entry in archive.infolist() if not entry.is_dir()}


def findings(held: Iterable[str], known: frozenset[str]) -> Iterator[str]:
    """Say what a wheel lacks, and what it has too much of; nothing when it is right."""
    names = {name for name in held if ".dist-info/" not in name}
    yield from (f"the wheel lacks {name}" for name in sorted(known - names))
    yield from (f"the wheel has {name}, which git ignores" for name in sorted(names - known))
    for kind in KINDS:
        if not any(fnmatchcase(name, kind) for name in names):
            yield f"the wheel has nothing like {kind}"


def differences(wheel: Mapping[str, int], other: Mapping[str, int]) -> Iterator[str]:
    """Say where the wheel that was made of a source distribution is not the same."""
    for name in sorted(wheel.keys() | other.keys()):
        if wheel.get(name) != other.get(name):
            how = "differs" if name in wheel.keys() & other.keys() else "is not in both"
            yield f"{name} {how}: the source distribution gives another wheel"
