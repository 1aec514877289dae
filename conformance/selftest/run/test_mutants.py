"""Every mutant that the catalogue names exists as a defect, and every defect is named."""

from pathlib import Path

import pytest
import yaml

from drawplate.conformance import catalogue
from drawplate.conformance.profile.load import load
from drawplate.conformance.selftest.mutants import launch, registry, rights
from drawplate.conformance.selftest.mutants.defects.making import DEFECTS
from drawplate.conformance.selftest.mutants.matrix import Row
from drawplate.conformance.selftest.mutants.profiles import write_profile
from drawplate.conformance.selftest.mutants.registry import Mutant

MUTANTS = registry.load()


def test_there_are_as_many_as_promised() -> None:
    assert len(MUTANTS) >= 15


def test_every_mutant_has_a_defect_and_every_defect_a_name() -> None:
    assert launch.__name__  # importing it enters all defects
    assert set(DEFECTS) | set(rights.DEFECTS) == registry.names()
    assert not set(DEFECTS) & set(rights.DEFECTS)
    assert set(DEFECTS) >= set(rights.ALLOWED)


def test_every_mutant_is_found_by_a_requirement() -> None:
    assert [name for name, mutant in MUTANTS.items() if not mutant.finders] == []


def test_every_must_names_a_mutant() -> None:
    entries = catalogue.load().values()

    assert [e.id for e in entries if e.level == "MUST" and not e.retired and not e.mutants] == []


def test_no_requirement_names_a_mutant_that_does_not_exist() -> None:
    named = {mutant for entry in catalogue.load().values() for mutant in entry.mutants}

    assert named <= registry.names()


def test_every_mutant_says_what_is_wrong_with_it_in_a_sentence() -> None:
    assert [name for name, mutant in MUTANTS.items() if not mutant.defect.endswith(".")] == []


@pytest.mark.parametrize("name", ["wrong-type", "policy-missing"])
def test_the_profile_of_a_mutant_differs_in_how_its_driver_starts(
    name: str, tmp_path: Path
) -> None:
    profile = load(str(write_profile(name, tmp_path)))
    reference = load("reference")

    process, other = profile.deploy.process, reference.deploy.process
    assert process
    assert other
    started = [*process.argv]
    assert started[started.index(launch.__name__) + 1] == name
    started.remove(name)
    started[started.index(launch.__name__)] = "drawplate.driver.main"
    assert tuple(started) == other.argv
    assert profile.driver == reference.driver
    assert profile.capabilities == reference.capabilities


def test_defects_of_rights_change_the_objects_of_the_driver() -> None:
    text = (
        "{kind: ClusterRole, rules: []}\n---\n{kind: ValidatingAdmissionPolicy}\n---\n"
        "{kind: ValidatingAdmissionPolicyBinding}\n---\n{kind: DaemonSet}\n"
    )

    for change in rights.DEFECTS.values():
        changed = change([*yaml.safe_load_all(text)])
        assert changed != [*yaml.safe_load_all(text)]
        assert {"kind": "DaemonSet"} in changed


def test_a_row_is_right_only_when_exactly_the_wanted_checks_fail() -> None:
    mutant = Mutant("some", "It is broken.")
    wanted = frozenset({"PRE-01", "PRE-02"})

    assert Row(mutant, "bench", wanted, wanted).right
    assert Row(mutant, "bench", wanted, frozenset({"PRE-01"})).survived == {"PRE-02"}
    assert Row(mutant, "bench", wanted, wanted | {"PRE-03"}).overkill == {"PRE-03"}
    assert not Row(mutant, "bench", wanted, frozenset({"PRE-01"})).right
    assert not Row(mutant, "bench", wanted, wanted | {"PRE-03"}).right
    assert not Row(mutant, "bench", wanted, wanted, "the certification crashed").right
