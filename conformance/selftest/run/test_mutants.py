"""Every mutant that the catalogue names exists as a defect, and every defect is named."""

import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from drawplate.conformance import catalogue
from drawplate.conformance.drivers.place import Place, StandardFolders
from drawplate.conformance.profile.load import load
from drawplate.conformance.profile.objects import read_objects
from drawplate.conformance.selftest.mutants import launch, pods, registry, rights
from drawplate.conformance.selftest.mutants.defects.making import DEFECTS
from drawplate.conformance.selftest.mutants.matrix import Row, stages_of, wanted
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


def test_pods_of_a_mutant_start_through_its_defect(tmp_path: Path) -> None:
    profile = load(str(write_profile("stop-cleans-cdi", tmp_path, as_pods=True)))
    reference = load("reference")
    assert profile.deploy.manifests
    assert reference.deploy.manifests
    place = Place.on(StandardFolders(), kubeconfig=tmp_path, node_name="a").values("gpu")

    plain, infected = (
        read_objects(each.deploy.manifests, each.folder, place)  # type: ignore[arg-type]
        for each in (reference, profile)
    )

    *others, files, workload = infected
    assert [*others] == plain[:-1]
    assert files["metadata"]["namespace"] == workload["metadata"]["namespace"]
    spec, before = (entry["spec"]["template"]["spec"] for entry in (workload, plain[-1]))
    assert spec["containers"][0]["command"][-2:] == [launch.__name__, "stop-cleans-cdi"]
    assert spec["containers"][0]["args"] == before["containers"][0]["args"]
    (volume,) = [one for one in spec["volumes"] if one not in before["volumes"]]
    assert {one["key"] for one in volume["configMap"]["items"]} == set(files["data"])


def test_files_of_a_defect_are_enough_to_start_through_it(tmp_path: Path) -> None:
    for path, text in pods.sources().items():
        file = tmp_path / pods.INSIDE / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    # Of the package the image has what a driver is made of, and nothing of the suite.
    for portion in ("driver", "emulators"):
        source = Path(str(files(f"drawplate.{portion}")))
        (tmp_path / "drawplate" / portion).symlink_to(source)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {launch.__name__} as one; "
    )
    program += "print(one.__file__, len(one.DEFECTS))"
    paths = ":".join(path for path in sys.path if "site-packages" in path)

    done = subprocess.run(
        [sys.executable, "-S", "-P", "-c", program],
        env={"PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(tmp_path / pods.INSIDE / "launch.py"), str(len(DEFECTS))]


def test_every_mutant_that_several_nodes_find_runs_there() -> None:
    several = {e.id for e in catalogue.load().values() if e.nodes > 1}

    assert several
    for name in several:
        assert stages_of(name) == {"nodes"}
        for mutant in catalogue.load()[name].mutants:
            assert name in wanted(MUTANTS[mutant], "nodes")
            assert name not in wanted(MUTANTS[mutant], "cluster")


def test_a_row_is_right_only_when_exactly_the_must_checks_fail() -> None:
    mutant = Mutant("some", "It is broken.")
    must = frozenset({"PRE-01", "PRE-02"})

    assert Row(mutant, "bench", must, must).right
    assert Row(mutant, "bench", must, frozenset({"PRE-01"})).survived == {"PRE-02"}
    assert Row(mutant, "bench", must, must | {"PRE-03"}).overkill == {"PRE-03"}
    assert not Row(mutant, "bench", must, frozenset({"PRE-01"})).right
    assert not Row(mutant, "bench", must, must | {"PRE-03"}).right
    assert not Row(mutant, "bench", must, must, "the certification crashed").right
