"""Levers: hardware that comes and goes by the profile's word."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from drawplate.conformance.drivers.hardware import BenchHardware, machine_of
from drawplate.conformance.drivers.levers import pull
from drawplate.conformance.drivers.place import Place
from drawplate.conformance.drivers.process import DriverProcess
from drawplate.conformance.selftest.drivers.conftest import MakeProfile
from drawplate.emulators.machine.shipped import shipped
from drawplate.emulators.problems import SetupProblem


@pytest.fixture
def hardware(place: Place) -> Iterator[BenchHardware]:
    found = BenchHardware("edge-l4", place.hardware.parent, "node-1", place.cdi)
    yield found
    found.close()


def test_hardware_of_a_bench_is_where_its_placeholders_say(
    hardware: BenchHardware, place: Place
) -> None:
    values = place.values("gpu.acme.example")

    assert values["hardwareRoot"] == str(hardware.root)
    (device,) = (Path(values["sysfs"]) / "bus/pci/drivers/nvidia").glob("0000:*")
    assert (device / "vendor").read_text(encoding="ascii") == "0x10de\n"
    assert (Path(values["libraryFolder"]) / "libnvidia-ml.so.1").is_file()


def test_machine_beside_the_profile_comes_first(profile_of: MakeProfile, tmp_path: Path) -> None:
    beside = tmp_path / "mine.yaml"
    beside.write_text(shipped()["edge-l4"].read_text(encoding="utf-8"), encoding="utf-8")

    assert machine_of(profile_of(None, hardware={"machine": "mine.yaml"})) == str(beside)


def test_unknown_machine_is_refused(profile_of: MakeProfile) -> None:
    with pytest.raises(SetupProblem, match="no machine 'dgx'") as caught:
        machine_of(profile_of(None, hardware={"machine": "dgx"}))

    assert "dgx-h100" in caught.value.cure


def driver_with(
    profile_of: MakeProfile, place: Place, hardware: BenchHardware | None = None, **levers: Any
) -> DriverProcess:
    profile = profile_of(
        {"argv": ["true"]}, hardware={"machine": "edge-l4", "devices": 1, "levers": levers}
    )
    return DriverProcess(profile, place, log=place.state / "log", hardware=hardware)


def present(hardware: BenchHardware) -> bool:
    return bool(hardware.call("snapshot")["devices"]["gpu0"]["present"])


def test_lever_changes_the_hardware_under_the_driver(
    profile_of: MakeProfile, place: Place, hardware: BenchHardware
) -> None:
    driver = driver_with(
        profile_of,
        place,
        hardware,
        unplug={"emulated": ["unplug gpu0"], "devices": 0},
        replug={"emulated": ["plug gpu0"], "devices": 1},
    )

    assert pull(driver, "unplug") == 0
    assert not present(hardware)
    assert pull(driver, "replug") == 1
    assert present(hardware)


def test_lever_may_let_a_fault_happen_and_heal_it(
    profile_of: MakeProfile, place: Place, hardware: BenchHardware
) -> None:
    driver = driver_with(
        profile_of,
        place,
        hardware,
        unplug={"emulated": ["fault gpu0 lost"]},
        replug={"emulated": ["heal gpu0"]},
    )

    pull(driver, "unplug")
    assert [one["fault"] for one in hardware.call("faults")["active"]] == ["lost"]
    pull(driver, "replug")
    assert hardware.call("faults")["active"] == []


def test_step_that_the_hardware_refuses_is_a_set_up_problem(
    profile_of: MakeProfile, place: Place, hardware: BenchHardware
) -> None:
    driver = driver_with(profile_of, place, hardware, unplug={"emulated": ["unplug gpu9"]})

    with pytest.raises(SetupProblem, match="'unplug' failed: there is no device 'gpu9'"):
        pull(driver, "unplug")


def test_step_without_emulated_hardware_is_a_set_up_problem(
    profile_of: MakeProfile, place: Place
) -> None:
    driver = driver_with(profile_of, place, unplug={"emulated": ["unplug gpu0"]})

    with pytest.raises(SetupProblem, match="this node has none"):
        pull(driver, "unplug")


def test_lever_runs_its_command_with_placeholders(profile_of: MakeProfile, place: Place) -> None:
    place.state.mkdir(parents=True, exist_ok=True)
    (place.state / "file").write_text("moved", encoding="utf-8")
    driver = driver_with(
        profile_of,
        place,
        plug={"command": ["cp", "{stateDir}/file", "{cdiDir}/copy"], "devices": 2},
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
