"""The CDI folders as a container runtime reads them, and what is in them before and after."""

import hashlib
import shutil
import stat
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from drawplate.conformance.bench import cdi_edits
from drawplate.conformance.bench.cdi_edits import Edits
from drawplate.conformance.bench.cdi_reader import SpecProblem
from drawplate.conformance.bench.cdi_spec import CdiSpec, read_spec
from drawplate.conformance.bench.results import Prepared

SUFFIXES = (".json", ".yaml")


class UnresolvedDevice(AssertionError):
    """CDI names that no specification defines: a container runtime could not start with them.

    `names` are those that do not resolve, `present` all that would, `problems` what is wrong
    with the files, by path.
    """

    def __init__(
        self, names: Sequence[str], present: Sequence[str], problems: Mapping[Path, Sequence[str]]
    ) -> None:
        self.names = tuple(names)
        self.present = tuple(present)
        self.problems = {path: tuple(texts) for path, texts in problems.items()}
        bad = [f"{path}: {text}" for path, texts in self.problems.items() for text in texts]
        parts = [f"CDI names {', '.join(names)} do not resolve"]
        parts.append(f"present: {', '.join(present) or 'none'}")
        super().__init__("; ".join(parts + bad))


@dataclass(frozen=True, slots=True)
class FileState:
    """A file as it is at one moment; two are equal when name, mode and content are."""

    name: str
    mode: int
    digest: str
    content: bytes = field(repr=False)

    @classmethod
    def of(cls, path: Path) -> "FileState":
        """Read a file; `mode` has the permission bits, `digest` is SHA-256 in hexadecimal."""
        content = path.read_bytes()
        digest = hashlib.sha256(content).hexdigest()
        return cls(path.name, stat.S_IMODE(path.stat().st_mode), digest, content)


@dataclass(frozen=True, slots=True)
class CdiView:
    """All specifications of the folders at one moment.

    `devices` maps each qualified name to its specification; `problems` has, by path, why a file
    or a device of it is not used.
    """

    specs: tuple[CdiSpec, ...]
    devices: Mapping[str, CdiSpec]
    problems: Mapping[Path, Sequence[str]]


class CdiCache:
    """Reads the CDI folders afresh at each question; the last folder has the highest priority.

    Rules of tags.cncf.io/container-device-interface v1.1.1 pkg/cdi/cache.go, as containerd 2.4
    uses it. `host` is the folder that plays the host's root for device nodes.
    """

    def __init__(self, folders: Sequence[Path], host: Path = Path("/")) -> None:
        self.folders = tuple(folders)
        self._host = host

    def view(self) -> CdiView:
        """Read all files; of a device that is defined twice the folder of higher priority wins.

        Two definitions of one device at the same priority make it unusable altogether.
        """
        specs, problems = self._read()
        devices: dict[str, CdiSpec] = {}
        conflicts: set[str] = set()
        for spec in specs:
            for name in spec.names:
                other = devices.get(name)
                if other is None or spec.priority > other.priority:
                    devices[name] = spec
                elif spec.priority == other.priority:
                    conflicts.add(name)
                    for path in (spec.path, other.path):
                        text = f"{name} is defined in {other.path.name} and {spec.path.name}"
                        problems.setdefault(path, []).append(text)
        for name in conflicts:
            del devices[name]
        return CdiView(tuple(specs), devices, problems)

    def _read(self) -> tuple[list[CdiSpec], dict[Path, list[str]]]:
        specs: list[CdiSpec] = []
        problems: dict[Path, list[str]] = {}
        for priority, folder in enumerate(self.folders):
            for path in sorted(folder.iterdir()) if folder.is_dir() else []:
                if path.is_dir() or path.suffix not in SUFFIXES:
                    continue
                try:
                    specs.append(read_spec(path, priority))
                except (SpecProblem, OSError) as error:
                    problems[path] = [str(error)]
        return specs, problems

    def inject(self, names: Iterable[str]) -> Edits:
        """Give what a container gets for CDI names, in their order; a repeated name counts once.

        Before the first device of a specification come the specification's own edits.
        Raises UnresolvedDevice.
        """
        view = self.view()
        asked = tuple(dict.fromkeys(names))
        missing = [name for name in asked if name not in view.devices]
        if missing:
            raise UnresolvedDevice(missing, sorted(view.devices), view.problems)
        parts, seen = [], set()
        for name in asked:
            spec = view.devices[name]
            if spec.path not in seen:
                seen.add(spec.path)
                parts.append(spec.edits)
            parts.append(spec.devices[name.partition("=")[2]])
        return cdi_edits.merge(parts, self._host)

    def edits_of(self, prepared: Prepared, request: str | None = None) -> Edits:
        """Give what a container gets that lists the claim, or one request of it.

        Raises UnresolvedDevice.
        """
        return self.inject(prepared.cdi_ids(request))

    def resolves(self, prepared: Prepared) -> bool:
        """Say whether a container runtime could find all devices of a claim."""
        return not set(prepared.cdi_ids()) - set(self.view().devices)

    def snapshot(self) -> dict[Path, FileState]:
        """Give the state of every file in the folders, also of those that are no specifications."""
        found = {}
        for folder in self.folders:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    found[path] = FileState.of(path)
        return found

    def files_of(self, *words: str) -> dict[Path, FileState]:
        """Give the files whose name or content has one of `words` (a claim's UID, a CDI name)."""
        return {
            path: state
            for path, state in self.snapshot().items()
            if any(word in state.name or word.encode() in state.content for word in words)
        }

    def clear(self) -> None:
        """Empty the folder of the highest priority, as a reboot empties /var/run/cdi."""
        dynamic = self.folders[-1]
        for path in list(dynamic.iterdir()) if dynamic.is_dir() else []:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
