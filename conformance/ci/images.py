"""The images of a driver under test brought to where its profile names them."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from drawplate.conformance.profile.findings import suggest
from drawplate.conformance.profile.model import Profile
from drawplate.emulators.problems import SetupProblem
from drawplate.fixtures.progress import Progress

ENGINES = ("docker", "podman")
# What docker takes as a name; above all it never begins like an option.
_REFERENCE = re.compile(r"[A-Za-z0-9][\w./:@-]*")


@dataclass(frozen=True, slots=True)
class Given:
    """An image as it was given: `archive` is the profile's name for it, "" where it needs none.

    `source` is the path of an archive, or a reference that docker or podman has or can pull.
    """

    archive: str
    source: str

    @classmethod
    def parse(cls, text: str) -> "Given":
        """Read `ARCHIVE=SOURCE` or `SOURCE`; no reference holds a `=`."""
        archive, equals, source = text.partition("=")
        return cls(archive, source) if equals else cls("", text)


def bring(profile: Profile, given: Sequence[Given], progress: Progress) -> list[Path]:
    """Write each given image as the archive that the profile loads, and give these archives.

    An archive that is there already is replaced. Raises SetupProblem when the profile loads no such
    archive, when an image cannot be had, and when one that the profile loads is missing after all.
    """
    names = _archives(profile)
    written = []
    for one in given:
        target = profile.folder / _target(one, names, profile)
        _write(one, target, progress)
        written.append(target)
    for name in names:
        if not (profile.folder / name).is_file():
            raise SetupProblem(
                f"the profile loads the image archive {name!r}, which is not there",
                where=f"{profile.source} (deploy.manifests.images)",
                cure=f"give the image, as {name}=REFERENCE, or put the archive beside the profile",
            )
    return written


def _archives(profile: Profile) -> list[str]:
    """Give the archives that the profile loads, as it names them: all but images of our own."""
    # Slow to import, and needed by nobody who has no images.
    from drawplate.fixtures.images.get import REFERENCES  # noqa: PLC0415

    manifests = profile.deploy.manifests
    return [name for name in (manifests.images if manifests else ()) if name not in REFERENCES]


def _target(one: Given, names: Sequence[str], profile: Profile) -> str:
    where = f"{profile.source} (deploy.manifests.images)"
    if not names:
        raise SetupProblem(
            f"the profile loads no image archive, so {one.source!r} would not be used",
            where=where,
            cure="name an archive there, such as images/driver.tar",
        )
    if one.archive in names:
        return one.archive
    if one.archive:
        raise SetupProblem(
            f"the profile loads no image archive {one.archive!r}",
            where=where,
            cure=suggest(one.archive, list(names)),
        )
    if len(names) > 1:
        raise SetupProblem(
            f"the profile loads several image archives; which one is {one.source!r}?",
            where=where,
            cure=f"give it as ARCHIVE={one.source}, with ARCHIVE one of {', '.join(names)}",
        )
    return names[0]


def _write(one: Given, target: Path, progress: Progress) -> None:
    source = Path(one.source)
    if source.is_file() and target.is_file() and source.samefile(target):
        return
    draft = target.with_name(f".{target.name}.draft")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_file():
            shutil.copyfile(source, draft)
        else:
            _save(one.source, draft, progress)
        # Neither a full disk nor a killed job may leave half an archive.
        draft.replace(target)
    except OSError as error:
        raise SetupProblem(
            f"the image archive cannot be written: {error.strerror}",
            where=str(error.filename or target),
            cure="make room there, and the folder writable",
        ) from error
    finally:
        draft.unlink(missing_ok=True)


def _save(reference: str, archive: Path, progress: Progress) -> None:
    if not _REFERENCE.fullmatch(reference):
        raise SetupProblem(
            f"{reference!r} is neither an image archive that is there nor an image's name",
            where="image",
            cure="give ARCHIVE=REFERENCE, a reference, or the path of an archive",
        )
    engine = _engine(reference)
    if _run(engine, "image", "inspect", reference).returncode:
        with progress.step(f"pulling {reference}"):
            _must(engine, "pull", reference, of=reference)
    with progress.step(f"saving {reference}"):
        _must(engine, "save", "-o", str(archive), reference, of=reference)


def _engine(reference: str) -> str:
    for name in ENGINES:
        if found := shutil.which(name):
            return found
    raise SetupProblem(
        f"neither docker nor podman is there to save the image {reference!r}",
        where=os.environ.get("PATH", ""),
        cure="install one, or give the path of an image archive that is there",
    )


def _must(engine: str, *arguments: str, of: str) -> None:
    done = _run(engine, *arguments)
    if done.returncode:
        raise SetupProblem(
            f"the image {of!r} cannot be had: {_last(done.stderr.splitlines())}",
            where=f"{engine} {' '.join(arguments)}",
            cure="build or pull it before, in the same job; or give the path of an archive",
        )


def _last(lines: Iterable[str]) -> str:
    return ([line.strip() for line in lines if line.strip()] or ["it said nothing"])[-1]


def _run(*argv: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
