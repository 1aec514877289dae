"""Whole certifications at the bench."""

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from drawplate.conformance import catalogue
from drawplate.conformance.profile.load import load
from drawplate.conformance.selftest.whole.certifying import certify
from drawplate.reports.model import Result

pytestmark = pytest.mark.slow


def test_reference_driver_is_conformant_at_the_bench(tmp_path: Path) -> None:
    run = certify(tmp_path / "out", "reference", "--height", "bench")

    everything = {(e.id, "bench") for e in catalogue.load().values() if "bench" in e.heights}
    assert run.having(Result.PASS) == everything
    assert run.code == 0
    # It is our own file.
    assert ET.parse(run.folder / "junit.xml").getroot().findall(".//testcase")  # noqa: S314
    assert "onformant" in (run.folder / "report.html").read_text(encoding="utf-8")


def test_upstream_test_driver_fails_as_its_profile_admits(tmp_path: Path) -> None:
    run = certify(tmp_path / "out", "upstream-test-driver", "--height", "bench", "--accept-known")

    known = load("upstream-test-driver").known_failures
    admitted = {(k.requirement, "bench") for k in known if "bench" in k.heights}
    assert run.having(Result.KNOWN_FAILURE) == admitted
    assert run.report.verdict == "not conformant"
    assert run.code == 0, "--accept-known, and nothing but known failures fails"


def test_selection_tests_what_it_names(tmp_path: Path) -> None:
    run = certify(
        tmp_path / "out",
        "reference",
        "--height",
        "bench",
        "--select",
        "PRE-07",
        "UNP-10",
        "-n",
        "1",
    )

    assert run.having(Result.PASS) == {("PRE-07", "bench"), ("UNP-10", "bench")}
    assert run.report.run.selection == ("PRE-07", "UNP-10")
    assert run.code == 0


@pytest.mark.root
def test_reference_driver_for_tpus_is_conformant_at_the_bench(tmp_path: Path) -> None:
    # Chips are found by their device nodes, which only root can make.
    run = certify(tmp_path / "out", "reference-tpu", "--height", "bench")

    assert run.report.verdict == "conformant"
    assert run.having(Result.PASS)
    assert run.code == 0
