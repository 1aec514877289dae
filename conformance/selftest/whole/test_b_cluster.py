"""Whole certifications in clusters: a local one, and one of three nodes that kind makes."""

from pathlib import Path

import pytest

from drawplate.conformance import catalogue
from drawplate.conformance.profile.load import load
from drawplate.conformance.selftest.whole.certifying import certify
from drawplate.reports.model import Result

THREE_NODES = ("--provider", "kind", "--nodes", "3")
FABRIC = "networkAttached"

pytestmark = [pytest.mark.slow, pytest.mark.root]


def test_reference_driver_is_conformant_in_the_cluster(tmp_path: Path) -> None:
    run = certify(tmp_path / "out", "reference", "--height", "cluster")

    here = [e for e in catalogue.load().values() if "cluster" in e.heights]
    assert run.having(Result.PASS) == {(e.id, "cluster") for e in here if e.nodes == 1}
    several = {(e.id, "cluster") for e in here if e.nodes > 1}
    assert run.having(Result.NOT_APPLICABLE) == several
    assert run.code == 0


def test_upstream_test_driver_fails_as_its_profile_admits(tmp_path: Path) -> None:
    run = certify(tmp_path / "out", "upstream-test-driver", "--height", "cluster", "--accept-known")

    known = load("upstream-test-driver").known_failures
    admitted = {(k.requirement, "cluster") for k in known if "cluster" in k.heights}
    assert run.having(Result.KNOWN_FAILURE) == admitted
    assert run.code == 0, "--accept-known, and nothing but known failures fails"


def test_reference_driver_for_network_cards_is_conformant_in_the_cluster(tmp_path: Path) -> None:
    run = certify(tmp_path / "out", "reference-nic", "--height", "cluster")

    assert run.report.verdict == "conformant"
    assert run.having(Result.PASS)
    assert run.code == 0


def test_reference_driver_is_conformant_on_several_nodes(tmp_path: Path) -> None:
    run = certify(tmp_path / "out", "reference", "--height", "cluster", *THREE_NODES)

    # What passes on the one node of a local cluster, and what needs several.
    here = [e for e in catalogue.load().values() if "cluster" in e.heights]
    assert run.having(Result.PASS) == {(e.id, "cluster") for e in here if FABRIC not in e.needs}
    assert run.code == 0


def test_reference_driver_serves_network_attached_devices_on_several_nodes(tmp_path: Path) -> None:
    names = [e.id for e in catalogue.load().values() if FABRIC in e.needs]
    # What it shows on one node it shows with devices of the network too; this is a sample of that.
    chosen = [*names, "ALC-01", "P4"]
    options = ("--height", "cluster", "--select", *chosen, *THREE_NODES)
    run = certify(tmp_path / "out", "reference-fabric", *options)

    assert names
    assert run.having(Result.PASS) == {(name, "cluster") for name in chosen}
    assert run.code == 0


@pytest.mark.extra
def test_reference_driver_for_network_attached_devices_is_conformant(tmp_path: Path) -> None:
    options = ("--height", "cluster", *THREE_NODES)
    run = certify(tmp_path / "out", "reference-fabric", *options)

    assert run.report.verdict == "conformant"
    assert run.code == 0
