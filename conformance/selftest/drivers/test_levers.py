"""Levers: hardware that comes and goes by the profile's word."""

from pathlib import Path
from typing import Any

import pytest

from drawplate.conformance.drivers.levers import pull
from drawplate.conformance.drivers.machine import install_machine, machine_source, plug_devices
from drawplate.conformance.drivers.place import Place
from drawplate.conformance.drivers.process import DriverProcess
from drawplate.conformance.selftest.drivers.conftest import MakeProfile
from drawplate.emulators import machine as machines
from drawplate.emulators.problems import SetupProblem


@pytest.fixture
def machine_file(profile_of: MakeProfile, tmp_path: Path) -> Path:
    file = tmp_path / "node" / "machine.yaml"
    install_machine(profile_of(None, hardware={"machine": "dgx-h100"}), file)
    return file


def uuids(file: Path) -> list[str]:
    return [gpu.uuid for gpu in machines.load(str(file)).gpus("node-1")]


def test_installed_machine_is_the_shipped_one(machine_file: Path) -> None:
    assert uuids(machine_file) == [gpu.uuid for gpu in machines.load("dgx-h100").gpus("node-1")]


def test_installed_machine_is_not_overwritten(machine_file: Path, profile_of: MakeProfile) -> None:
    plug_devices(machine_file, 3)

    install_machine(profile_of(None, hardware={"machine": "dgx-h100"}), machine_file)

    assert len(uuids(machine_file)) == 3


def test_unplugging_takes_the_last_and_replugging_gives_the_same_back(machine_file: Path) -> None:
    before = uuids(machine_file)

    plug_devices(machine_file, 7)
    fewer = uuids(machine_file)
    plug_devices(machine_file, 8)

    assert fewer == before[:7]
    assert uuids(machine_file) == before


def test_more_devices_than_places_are_refused(machine_file: Path) -> None:
    with pytest.raises(SetupProblem, match="no place for 1 more"):
        plug_devices(machine_file, 9)

    assert len(uuids(machine_file)) == 8


def test_machine_beside_the_profile_comes_first(profile_of: MakeProfile, tmp_path: Path) -> None:
    beside = tmp_path / "mine.yaml"
    beside.write_text(machines.shipped()["edge-l4"].read_text(encoding="utf-8"), encoding="utf-8")

    assert machine_source(profile_of(None, hardware={"machine": "mine.yaml"})) == beside


def test_unknown_machine_is_refused(profile_of: MakeProfile) -> None:
    with pytest.raises(SetupProblem, match="no machine 'dgx'") as caught:
        machine_source(profile_of(None, hardware={"machine": "dgx"}))

    assert "dgx-h100" in caught.value.cure


def driver_with(profile_of: MakeProfile, place: Place, **levers: Any) -> DriverProcess:
    profile = profile_of(
        {"argv": ["true"]}, hardware={"machine": "edge-l4", "devices": 1, "levers": levers}
    )
    install_machine(profile, place.machine)
    return DriverProcess(profile, place, log=place.state / "log")


def test_lever_edits_the_machine_of_the_node(profile_of: MakeProfile, place: Place) -> None:
    driver = driver_with(profile_of, place, unplug={"machine": {"count": 0}})

    assert pull(driver, "unplug") == 0
    assert uuids(place.machine) == []


def test_lever_runs_its_command_with_placeholders(profile_of: MakeProfile, place: Place) -> None:
    driver = driver_with(
        profile_of, place, plug={"command": ["cp", "{machineFile}", "{cdiDir}/copy"], "devices": 2}
    )

    assert pull(driver, "plug") == 2
    assert (place.cdi / "copy").read_text(encoding="utf-8")


def test_command_that_fails_is_a_set_up_problem(profile_of: MakeProfile, place: Place) -> None:
    driver = driver_with(profile_of, place, plug={"command": ["ls", "/nowhere/at/all"]})

    with pytest.raises(SetupProblem, match=r"'plug' failed: .*nowhere"):
        pull(driver, "plug")


def test_lever_that_the_profile_lacks_is_refused(profile_of: MakeProfile, place: Place) -> None:
    with pytest.raises(SetupProblem, match="no lever 'replug'"):
        pull(driver_with(profile_of, place), "replug")
