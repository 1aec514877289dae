"""Machine files: what they say about hardware, and how they are found."""

from collections.abc import Callable
from pathlib import Path

import pytest

from drawplate.emulators.machine import shipped as machine
from drawplate.emulators.machine.file import Machine
from drawplate.emulators.machine.placed import DeviceSpec, place
from drawplate.emulators.machine.profiles import profiles
from drawplate.emulators.problems import SetupProblem

Write = Callable[[str], str]

PROFILE = min(profiles())
KIND = profiles()[PROFILE].kind
VERSIONS = {profiles()[PROFILE].driver: "1.2.3", profiles()[PROFILE].runtime: "4.5"}
DRIVER = ", ".join(f'{key}: "{value}"' for key, value in VERSIONS.items())

GOOD = f"""\
machine: bench
numa: {{nodes: 2}}
pci:
  - {{root: "pci0000:17", numa: 0}}
  - {{root: "pci0000:97", numa: 1}}
  - {{root: "pci0001:00"}}
devices:
  - kind: {KIND}
    profile: {PROFILE}
    count: 3
    at: ["0000:1b:00.0", "0000:9b:00.0", "0001:01:00.0"]
driver: {{{DRIVER}}}
"""


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(text: str) -> str:
        path = tmp_path / "machine.yaml"
        path.write_text(text)
        return str(path)

    return write


def test_identities_depend_on_machine_node_and_place_alone(write: Write) -> None:
    first = machine.load(write(GOOD))

    assert _present(first, "node-a") == _present(machine.load(write(GOOD)), "node-a")
    assert not _uuids(first, "node-a") & _uuids(first, "node-b")
    assert not _uuids(first, "node-a") & _uuids(machine.load(write(_other_name())), "node-a")


def test_a_root_holds_the_buses_up_to_the_next_root_of_its_domain(write: Write) -> None:
    gpus = _present(machine.load(write(GOOD)), "node-a")

    assert [gpu.pcie_root for gpu in gpus] == ["pci0000:17", "pci0000:97", "pci0001:00"]
    assert [gpu.numa_node for gpu in gpus] == [0, 1, None]


def test_an_unplugged_device_is_gone_and_the_others_keep_their_identity(write: Write) -> None:
    whole = _present(machine.load(write(GOOD)), "node-a")
    text = GOOD.replace("    count: 3", '    unplugged: ["0000:9b:00.0"]\n    count: 3')

    assert _present(machine.load(write(text)), "node-a") == (whole[0], whole[2])


def test_uuids_may_be_given(write: Write) -> None:
    text = GOOD.replace("    count: 3", "    uuid: [one, two, three]\n    count: 3")

    assert _uuids(machine.load(write(text)), "node-a") == {"one", "two", "three"}


def test_an_unquoted_address_that_yaml_takes_for_a_number_is_explained(write: Write) -> None:
    path = write(GOOD.replace('"0000:1b:00.0"', "0000:19:00.0"))

    with pytest.raises(SetupProblem) as caught:
        machine.load(path)

    assert "put the value in quotes" in caught.value.cure


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    with pytest.raises(SetupProblem) as caught:
        machine.load("no-such-machine")

    assert all(name in caught.value.cure for name in machine.shipped())


def test_a_file_that_is_not_there_is_a_setup_problem(tmp_path: Path) -> None:
    with pytest.raises(SetupProblem) as caught:
        machine.load(str(tmp_path / "missing.yaml"))

    assert caught.value.exit_code == 3
    assert caught.value.where == str(tmp_path / "missing.yaml")


def _uuids(found: Machine, node: str) -> set[str]:
    return {device.uuid for device in _present(found, node)}


def _present(found: Machine, node: str) -> tuple[DeviceSpec, ...]:
    return tuple(device for device in place(found, node).devices if device.plugged)


def _other_name() -> str:
    return GOOD.replace("machine: bench", "machine: other")
