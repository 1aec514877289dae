"""What nvidia-smi sets: modes, limits, partitions, time slices, resets."""

from xml.etree import ElementTree as ET

import pytest

from drawplate.emulators.node import Node
from drawplate.emulators.state.change import CallRule
from drawplate.emulators.tests.smi.conftest import Run

pytestmark = pytest.mark.usefixtures("as_root")

IN_USE, NO_CAPACITY = 19, 23


@pytest.mark.parametrize(
    ("words", "key", "value"),
    [
        (("-c", "EXCLUSIVE_PROCESS"), "compute_mode", 3),
        (("-c", "PROHIBITED"), "compute_mode", 2),
        (("-pm", "0"), "persistence", 0),
        (("-pl", "300.5"), "power.limit", 300500),
        (("--power-limit=250",), "power.limit", 250000),
        (("-e", "0"), "ecc.pending", 0),
        (("-am", "1"), "accounting.mode", 1),
        (("-lgc", "300,900"), "clocks.locked.graphics", [300, 900]),
    ],
)
def test_what_is_set_is_in_the_state_of_the_chosen_gpu(
    node: Node, run: Run, words: tuple[str, ...], key: str, value: object
) -> None:
    before = node.state.device("gpu4")[key]

    ended = run("-i", node.state.device("gpu3")["uuid"], *words)

    assert ended.code == 0, ended.text
    assert node.state.device("gpu3")[key] == value
    assert node.state.device("gpu4")[key] == before


def test_a_limit_that_is_out_of_range_is_refused(node: Node, run: Run) -> None:
    before = node.state.device("gpu0")["power.limit"]

    assert run("-i", "0", "-pl", "9999").code == 2
    assert node.state.device("gpu0")["power.limit"] == before


@pytest.mark.parametrize(("word", "value"), [("long", 3), ("2", 2), ("default", 0)])
def test_a_time_slice_is_set_and_told(node: Node, run: Run, word: str, value: int) -> None:
    uuid = node.state.device("gpu6")["uuid"]

    assert run("compute-policy", "-i", uuid, "--set-timeslice", word).code == 0
    assert node.state.device("gpu6")["timeslice"] == value
    told = run("compute-policy", "-i", uuid, "-l").text
    assert ["Default", "Short", "Medium", "Long"][value] in told


def test_who_is_not_root_changes_nothing(node: Node, run: Run) -> None:
    assert run("-i", "0", "-c", "PROHIBITED", uid=65534).code == 4
    assert run("-r", "-i", "0", uid=65534).code == 4
    assert node.state.device("gpu0")["compute_mode"] == 0


def enable_mig(node: Node, run: Run, gpu: str = "0") -> None:
    assert "pending enable state" in run("-i", gpu, "-mig", "1").text
    assert run("-i", gpu, "--gpu-reset").code == 0
    assert node.state.device(f"gpu{gpu}")["mig.mode"] == 1


def test_a_gpu_in_use_is_not_reset(node: Node, run: Run) -> None:
    with node.state.change() as change:
        change.set("gpu0", "processes", [{"pid": 1, "type": "C", "used_mib": 1}])

    assert run("-i", "0", "-r").code != 0


def test_a_reset_brings_what_was_pending(node: Node, run: Run) -> None:
    run("-i", "0", "-e", "0")
    assert node.state.device("gpu0")["ecc.mode"] == 1

    assert run("-i", "0", "-r").code == 0
    assert node.state.device("gpu0")["ecc.mode"] == 0


def test_partitions_are_made_listed_and_ended(node: Node, run: Run) -> None:
    enable_mig(node, run)
    made = run("mig", "-i", "0", "-cgi", "19,14,4g.40gb", "-C")

    assert made.code == 0, made.text
    assert [line.split("ID")[1].split()[0] for line in made.lines[::2]] == ["13", "5", "1"]
    listed = run("-L", "-i", "0").lines
    assert [line.split()[1] for line in listed[1:]] == ["4g.40gb", "2g.20gb", "1g.10gb"]
    assert all("UUID: MIG-" in line for line in listed[1:])
    places = run("mig", "-lgi").text
    assert all(place in places for place in ("6:1", "4:2", "0:4"))
    assert run("mig", "-lci").text.count("MIG ") == 3
    assert run("mig", "-cgi", "9").code == NO_CAPACITY
    assert run("mig", "-dgi").code == IN_USE
    assert run("mig", "-dci", "-gi", "5").code == 0
    assert run("mig", "-dgi", "-gi", "5").code == 0
    assert len(node.state.device("gpu0")["mig.instances"]) == 2


def test_a_partition_is_made_at_its_place_and_shared(node: Node, run: Run) -> None:
    enable_mig(node, run)

    assert run("mig", "-cgi", "9:0").code == 0
    assert run("mig", "-cci", "0,1", "-gi", "1").code == 0
    assert [line.split()[1] for line in run("-L", "-i", "0").lines[1:]] == [
        "1c.3g.40gb",
        "2c.3g.40gb",
    ]


def test_profiles_and_places_are_those_of_the_board(node: Node, run: Run) -> None:
    enable_mig(node, run)
    profiles = run("mig", "-lgip", "-i", "0").text
    places = run("mig", "-lgipp", "-i", "0").lines

    assert "MIG 1g.10gb+me" in profiles
    assert "7/7" in profiles
    assert "GPU  0 Profile ID  9 Placements: {0,4}:4" in places


def test_without_mig_there_is_nothing_to_list(run: Run) -> None:
    assert run("mig", "-lgi").code == 6


def test_a_rule_makes_the_program_fail(node: Node, run: Run) -> None:
    rule = CallRule("test", "nvidia-smi", "-L", result="UNKNOWN", after=1, count=1)
    with node.state.change() as change:
        change.add_rule(rule)
    try:
        codes = [run("-L").code for _ in range(3)]
    finally:
        with node.state.change() as change:
            change.remove_rules("test")

    assert codes == [0, 255, 0]


def test_a_rule_refuses_the_time_slice_of_one_gpu(node: Node, run: Run) -> None:
    rule = CallRule("test", "nvidia-smi", "compute-policy", device="gpu1", result="NOT_SUPPORTED")
    with node.state.change() as change:
        change.add_rule(rule)
    try:
        codes = [
            run("compute-policy", "-i", gpu, "--set-timeslice", "short").code for gpu in ("0", "1")
        ]
    finally:
        with node.state.change() as change:
            change.remove_rules("test")

    assert codes == [0, 3]


def test_a_compute_instance_that_fails_leaves_its_gpu_instance(node: Node, run: Run) -> None:
    enable_mig(node, run)
    call = "GpuInstanceCreateComputeInstance"
    with node.state.change() as change:
        change.add_rule(CallRule("test", "nvml", call, result="INSUFFICIENT_RESOURCES"))
    try:
        ended = run("mig", "-i", "0", "-cgi", "9", "-C")
    finally:
        with node.state.change() as change:
            change.remove_rules("test")

    assert ended.code == NO_CAPACITY
    (left,) = node.state.device("gpu0")["mig.instances"]
    assert left["compute"] == []


def test_lists_have_straight_edges(node: Node, run: Run) -> None:
    enable_mig(node, run)
    run("mig", "-i", "0", "-cgi", "0")
    run("mig", "-i", "0", "-cci", "3,1,0")

    for words in (("-lgip",), ("-lgi",), ("-lci",), ("-lcip",), ()):
        lines = run("mig", *words, "-i", "0").lines if words else run("-i", "0").lines
        assert len({len(line) for line in lines if line[0] in "|+"}) == 1, words


def test_the_xml_has_the_partitions(node: Node, run: Run) -> None:
    enable_mig(node, run)
    run("mig", "-i", "0", "-cgi", "9", "-C")

    log = ET.fromstring(run("-q", "-x", "-i", "0").text)  # noqa: S314 - our own program's

    devices = log.findall("gpu/mig_devices/mig_device")
    assert [one.findtext("gpu_instance_id") for one in devices] == ["2"]
    attributes = "device_attributes/shared/multiprocessor_count"
    assert devices[0].findtext(attributes) == "42"
