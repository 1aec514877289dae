"""Images of a driver under test come to where its profile names them, or one error says why not."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from drawplate.conformance.ci.images import Given, bring
from drawplate.conformance.profile.load import load
from drawplate.conformance.profile.model import Profile
from drawplate.emulators.problems import SetupProblem
from drawplate.fixtures.progress import Progress

# Stands for docker: knows one image, can pull another, and writes down what it was asked.
DOCKER = """\
#!/bin/sh
echo "$@" >>"$0.calls"
case $1 in
  image) [ "$3" = acme/driver:ci ] || [ -f "$0.pulled" ] ;;
  pull) [ "$2" = acme/public:1 ] && touch "$0.pulled" || { echo 'manifest unknown' >&2; exit 1; } ;;
  save) echo "image $4" >"$3" ;;
esac
"""
WithImages = Callable[..., Profile]


@pytest.fixture
def profile(tmp_path: Path) -> WithImages:
    """Give a profile that loads these images, in a folder of its own."""

    def make(*images: str) -> Profile:
        data = yaml.safe_load(load("reference").source.read_text(encoding="utf-8"))
        data["deploy"]["manifests"]["images"] = list(images)
        folder = tmp_path / "profile"
        folder.mkdir()
        (folder / "acme.yaml").write_text(yaml.safe_dump(data), encoding="utf-8")
        return load(str(folder / "acme.yaml"))

    return make


@pytest.fixture
def docker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a stand-in of docker first on PATH; gives its program."""
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(DOCKER, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return program


def brought(profile: Profile, *given: str) -> list[Path]:
    return bring(profile, [Given.parse(text) for text in given], Progress(quiet=True))


def test_a_reference_is_saved_under_the_profiles_only_archive(
    profile: WithImages, docker: Path
) -> None:
    acme = profile("images/driver.tar", "driver")

    (archive,) = brought(acme, "acme/driver:ci")

    assert archive == acme.folder / "images/driver.tar"
    assert archive.read_text(encoding="utf-8") == "image acme/driver:ci\n"
    assert [path.name for path in archive.parent.iterdir()] == ["driver.tar"]


def test_an_image_that_is_not_there_is_pulled(profile: WithImages, docker: Path) -> None:
    (archive,) = brought(profile("driver.tar"), "acme/public:1")

    assert archive.read_text(encoding="utf-8") == "image acme/public:1\n"
    calls = docker.with_name("docker.calls").read_text(encoding="utf-8").splitlines()
    assert [call.split()[0] for call in calls] == ["image", "pull", "save"]


def test_an_archive_is_copied_and_an_earlier_one_replaced(
    profile: WithImages, tmp_path: Path
) -> None:
    acme = profile("driver.tar")
    (acme.folder / "driver.tar").write_text("old", encoding="utf-8")
    built = tmp_path / "built.tar"
    built.write_text("new", encoding="utf-8")

    brought(acme, f"driver.tar={built}")

    assert (acme.folder / "driver.tar").read_text(encoding="utf-8") == "new"


def test_an_archive_that_lies_there_already_stays(profile: WithImages) -> None:
    acme = profile("driver.tar")
    archive = acme.folder / "driver.tar"
    archive.write_text("mine", encoding="utf-8")

    assert brought(acme, str(archive)) == [archive]
    assert archive.read_text(encoding="utf-8") == "mine"


def test_each_of_several_goes_where_it_is_told(profile: WithImages, docker: Path) -> None:
    acme = profile("a.tar", "b.tar")

    brought(acme, "b.tar=acme/public:1", "a.tar=acme/driver:ci")

    assert "driver:ci" in (acme.folder / "a.tar").read_text(encoding="utf-8")
    assert "public:1" in (acme.folder / "b.tar").read_text(encoding="utf-8")


def test_nothing_is_needed_where_nothing_is_loaded(profile: WithImages) -> None:
    assert brought(profile("driver")) == []


@pytest.mark.usefixtures("docker")
@pytest.mark.parametrize(
    ("loaded", "given", "what", "cure"),
    [
        (["driver"], "acme/driver:ci", "no image archive", "name an archive there"),
        (["a.tar", "b.tar"], "acme/driver:ci", "which one", "a.tar, b.tar"),
        (["driver.tar"], "drive.tar=acme/driver:ci", "'drive.tar'", "driver.tar"),
        (["driver.tar"], "acme/none:1", "manifest unknown", "build or pull it before"),
        (["driver.tar"], "--output=x", "'--output'", "driver.tar"),
        (["driver.tar"], "-ox", "neither an image archive", "reference"),
        (["driver.tar"], "no/such file.tar", "neither an image archive", "reference"),
        (["a.tar", "b.tar"], "a.tar=acme/driver:ci", "'b.tar', which is not there", "REFERENCE"),
    ],
)
def test_what_cannot_be_brought_is_told_with_its_cure(
    profile: WithImages, loaded: list[str], given: str, what: str, cure: str
) -> None:
    acme = profile(*loaded)

    with pytest.raises(SetupProblem) as caught:
        brought(acme, given)

    assert what in caught.value.what
    assert caught.value.where
    assert cure in caught.value.cure
    assert not [*acme.folder.glob("**/.*")]


def test_a_missing_engine_is_told(profile: WithImages, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")

    with pytest.raises(SetupProblem, match="neither docker nor podman"):
        brought(profile("driver.tar"), "acme/driver:ci")
