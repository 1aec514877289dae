"""Whole certifications by the script of CIs, on clean folders: exit code, JUnit, values, page."""

import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import yaml

from drawplate.conformance.profile.load import load
from drawplate.conformance.selftest.ci.script import Job
from drawplate.conformance.selftest.mutants.profiles import write_profile
from drawplate.emulators.problems import SetupProblem
from drawplate.fixtures.images.get import ensure_images
from drawplate.fixtures.progress import Progress
from drawplate.reports.reading import read

pytestmark = pytest.mark.slow

CHECKOUT = Path(__file__).resolve().parents[3]
# One requirement is enough to show what becomes of a verdict.
MUTANT, FINDER = "prepare-not-idempotent", "PRE-07"


def checked_out(target: Path) -> Path:
    """Copy what git has of the project, or would add: what a fresh clone has, and no more."""
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SetupProblem("this test needs a clone of the repository", where=str(CHECKOUT))
    for name in filter(None, done.stdout.split("\0")):
        source = CHECKOUT / name
        # One that was deleted and not yet committed is still in the index.
        if source.is_symlink() or source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name, follow_symlinks=False)
    return target


def test_a_vendor_certifies_from_a_fresh_checkout(scratch: Path) -> None:
    checkout = checked_out(scratch / "drawplate")
    job = Job.of(scratch, checkout / "conformance" / "ci" / "certify.sh")
    shutil.copy(load("reference").source, job.workspace / "acme.yaml")

    done = job.run(profile="acme.yaml", height="bench", select=FINDER, args="-n 1")

    assert done.code == 0, done.told
    assert (checkout / ".venv" / "bin" / "drawplate").exists()
    assert done.outputs["verdict"] == "conformant"
    assert (done.outputs["passed"], done.outputs["failed"]) == ("1", "0")
    assert Path(done.outputs["report"]) == job.report
    # It is our own file.
    suites = ET.parse(done.outputs["junit"]).getroot()  # noqa: S314
    assert (suites.get("failures"), suites.get("errors")) == ("0", "0")
    assert [case.get("name", "")[:6] for case in suites.iter("testcase")] == ["verdic", FINDER]
    assert "CONFORMANT" in done.summary.splitlines()[0]
    assert "onformant" in Path(done.outputs["page"]).read_text(encoding="utf-8")
    # Nothing but the report is left in the vendor's workspace, and nothing in the state folder.
    assert {path.name for path in job.workspace.iterdir()} == {"acme.yaml", job.report.name}
    assert not [*scratch.glob("s/drawplate/clusters/*")]


def test_a_driver_with_a_defect_fails_the_job(scratch: Path) -> None:
    job = Job.outside(scratch)
    profile = write_profile(MUTANT, job.workspace)

    done = job.run(profile=profile.name, height="bench", select=FINDER, args="-n 1")

    assert done.code == 1, done.told
    assert done.outputs["verdict"] == "not conformant"
    assert done.outputs["failed"] == "1"
    suites = ET.parse(done.outputs["junit"]).getroot()  # noqa: S314
    assert suites.get("failures") == "2", "the requirement, and the verdict"
    assert f"**{FINDER}**" in done.summary
    assert [*(job.report / "evidence").rglob("*")]


def test_a_profile_that_is_wrong_is_told_with_its_line(scratch: Path) -> None:
    job = Job.outside(scratch)
    text = "apiVersion: drawplate.dev/v1alpha1\nkind: DriverProfil\n"
    (job.workspace / "acme.yaml").write_text(text, encoding="utf-8")

    done = job.run(profile="acme.yaml", height="bench")

    assert done.code == 3
    assert f"  where  {job.workspace}/acme.yaml:2 (kind)" in done.told
    assert "Set-up problem" in done.summary.splitlines()[0]
    assert "acme.yaml:2" in done.summary
    assert {path.name for path in job.report.iterdir()} == {"certify.log", "summary.md"}


@pytest.mark.root
@pytest.mark.extra
@pytest.mark.parametrize(("provider", "nodes"), [("local", ""), ("kind", "2")])
def test_a_vendors_image_is_certified_in_a_cluster(
    scratch: Path, provider: str, nodes: str
) -> None:
    job = Job.outside(scratch)
    profile = bring_an_image(job.workspace)
    # As a job builds it: somewhere, under the name that the manifests use.
    built = ensure_images(["driver"], Progress())["driver"]

    done = job.run(
        profile=profile.name,
        images=str(built),
        height="cluster",
        provider=provider,
        nodes=nodes,
        select="ALC-01",
    )

    assert done.code == 0, done.told
    assert (done.outputs["verdict"], done.outputs["passed"]) == ("conformant", "1")
    (cluster,) = read(job.report).clusters
    assert (cluster.provider, cluster.nodes) == (provider, int(nodes or "1"))
    assert f"provider {provider}" in done.summary
    assert (job.workspace / "images" / "acme.tar").is_file()
    assert not [*scratch.glob("s/drawplate/clusters/*")]


def bring_an_image(folder: Path) -> Path:
    """Write the profile of a driver that comes as an archive beside it, which is not there yet."""
    data = yaml.safe_load(load("reference").source.read_text(encoding="utf-8"))
    data["deploy"]["manifests"]["images"] = ["images/acme.tar"]
    path = folder / "acme.yaml"
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return path
