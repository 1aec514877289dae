"""What nvidia-smi tells: lists, fields, tables; and how it ends when it cannot."""

import os
import re
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from drawplate.emulators.node import Node
from drawplate.emulators.smi.program import _table
from drawplate.emulators.tests.smi.conftest import Ended, Run

GROUPS = [names.split(", ") for names in _table("fields.yaml") if names[0] != "-"]
FIELDS = [name for names in GROUPS for name in names]


def test_the_version_is_that_of_the_machine(node: Node, run: Run) -> None:
    ended = run("--version")

    assert ended.code == 0
    version = node.state.node.machine.driver["nvidia"]
    assert f"DRIVER version      : {version}" in ended.lines
    assert f"NVIDIA-SMI version  : {version}" in ended.lines


def test_a_preloaded_library_is_enough(node: Node, tmp_path: Path) -> None:
    root = node.settings.root
    elsewhere = shutil.copy2(root / "usr/bin/nvidia-smi", tmp_path / "nvidia-smi")
    library = next((root / "usr/lib").glob("*/libnvidia-ml.so.1"))
    for variables in ({"LD_PRELOAD": str(library)}, {"LD_LIBRARY_PATH": str(library.parent)}):
        done = subprocess.run(
            [elsewhere, "-L"], env=variables, capture_output=True, text=True, check=True
        )
        assert len(done.stdout.splitlines()) == 8


@pytest.mark.root
def test_it_runs_in_a_root_that_has_nothing_else(node: Node, tmp_path: Path) -> None:
    triplet = next((node.settings.root / "usr/lib").iterdir())
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/lib" / triplet.name).mkdir(parents=True)
    shutil.copy2(node.settings.root / "usr/bin/nvidia-smi", tmp_path / "usr/bin")
    shutil.copy2(triplet / "libnvidia-ml.so.1", tmp_path / "usr/lib" / triplet.name)

    def enter() -> None:
        os.chroot(tmp_path)
        os.chdir("/")

    done = subprocess.run(
        ["/usr/bin/nvidia-smi", "-L"],
        preexec_fn=enter,
        env={},
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stdout.splitlines()) == 8


def test_without_a_library_it_says_so(node: Node, tmp_path: Path) -> None:
    lonely = shutil.copy2(node.settings.root / "usr/bin/nvidia-smi", tmp_path / "nvidia-smi")
    done = subprocess.run([lonely, "-L"], env={}, capture_output=True, text=True, check=False)

    assert done.returncode == 12
    assert "libnvidia-ml.so" in done.stdout


def test_the_list_has_every_gpu_with_its_uuid(node: Node, run: Run) -> None:
    ended = run("-L")

    assert ended.lines == [
        f"GPU {one.spec.index}: {one['name']} (UUID: {one['uuid']})"
        for one in node.state.devices(kind="nvidia-gpu")
    ]


def csv(ended: Ended) -> list[list[str]]:
    assert ended.code == 0, ended.text
    return [line.split(", ") for line in ended.lines]


def test_fields_have_the_values_of_the_state(node: Node, run: Run) -> None:
    with node.state.change() as change:
        change.update("gpu0", {"power.usage": 123450, "memory.used": 1000, "temperature.gpu": 66})
    asked = "index,uuid,power.draw,memory.used,temperature.gpu,persistence_mode,fan.speed"

    rows = csv(run(f"--query-gpu={asked}", "--format=csv,noheader", "-i", "0"))

    gpu = node.state.device("gpu0")
    used = 1000 + gpu["memory.reserved"] * 0
    assert rows == [["0", gpu["uuid"], "123.45 W", f"{used} MiB", "66", "Enabled", "[N/A]"]]


def test_units_can_be_left_out_and_are_in_the_header(run: Run) -> None:
    rows = csv(run("--query-gpu=memory.total,name", "--format=csv,nounits", "-i", "3"))

    assert rows[0] == ["memory.total [MiB]", "name"]
    assert rows[1][0].isdigit()


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_has_a_value_or_none(run: Run, field: str) -> None:
    (row,) = csv(run(f"--query-gpu={field}", "--format=csv,noheader", "-i", "0"))

    assert row
    assert "Unknown Error" not in row[0]


def test_gpus_are_chosen_by_index_uuid_and_bus_id(node: Node, run: Run) -> None:
    gpu = node.state.device("gpu5")
    for name in ("5", gpu["uuid"], gpu.spec.address, f"0000{gpu.spec.address.upper()}"):
        rows = csv(run("--query-gpu=uuid", "--format=csv,noheader", "-i", name))
        assert rows == [[gpu["uuid"]]], name


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("-i", "99"), 6),
        (("-L", "-i", "GPU-none"), 6),
        (("--nonsense",), 2),
        (("--query-gpu=nonsense", "--format=csv"), 2),
        (("--query-gpu=uuid",), 2),
        (("--query-gpu=uuid", "--format=xml"), 2),
        (("-c", "SOMETIMES"), 2),
        (("mig",), 2),
        (("mig", "-nonsense"), 2),
        (("topo",), 2),
        (("compute-policy", "--nonsense"), 2),
    ],
)
def test_what_is_asked_wrongly_ends_with_the_code_of_the_manual(
    run: Run, words: tuple[str, ...], code: int
) -> None:
    assert run(*words).code == code


def test_running_programs_are_told(node: Node, run: Run) -> None:
    with node.state.change() as change:
        process = {"pid": os.getpid(), "name": "train", "type": "C", "used_mib": 512}
        change.set("gpu2", "processes", [process])

    rows = csv(run("--query-compute-apps=pid,gpu_uuid,used_memory", "--format=csv,noheader"))

    assert rows == [[str(os.getpid()), node.state.device("gpu2")["uuid"], "512 MiB"]]


def test_a_driver_that_is_not_loaded_ends_with_its_code(node: Node, run: Run) -> None:
    with node.state.change() as change:
        change.set("node", "driver.loaded", value=False)
    try:
        ended = run("-L")
    finally:
        with node.state.change() as change:
            change.set("node", "driver.loaded", value=True)

    assert ended.code == 9
    assert "NVIDIA driver" in ended.text


def test_a_lost_gpu_is_told_and_the_others_are_there(node: Node, run: Run) -> None:
    with node.state.change() as change:
        change.set("gpu1", "lost", value=True)

    ended = run("-L")

    assert "Unable to determine the device handle for GPU1: GPU is lost" in ended.text
    assert len([line for line in ended.lines if line.startswith("GPU ")]) == 7


@pytest.mark.parametrize("words", [(), ("-q",), ("topo", "-m"), ("-h",)])
def test_what_people_read_has_every_gpu_and_straight_edges(
    node: Node, run: Run, words: tuple[str, ...]
) -> None:
    ended = run(*words)

    assert ended.code == 0
    if words != ("-h",):
        assert ended.text.count("A100") >= 8 or ended.text.count("GPU7") == 2
    framed = [line for line in ended.lines if line[0] in "|+"]
    assert len({len(line) for line in framed}) <= 1, ended.text


def test_the_xml_has_what_the_state_has(node: Node, run: Run) -> None:
    with node.state.change() as change:
        change.set("gpu2", "name", "A <strange> & name")
        process = {"pid": os.getpid(), "name": "train", "type": "C", "used_mib": 512}
        change.set("gpu2", "processes", [process])

    log = ET.fromstring(run("-q", "-x").text)  # noqa: S314 - our own program's

    gpus = log.findall("gpu")
    assert [one.findtext("uuid") for one in gpus] == [
        one["uuid"] for one in node.state.devices(kind="nvidia-gpu")
    ]
    assert gpus[2].findtext("product_name") == "A <strange> & name"
    assert gpus[2].findtext("processes/process_info/used_memory") == "512 MiB"
    assert gpus[0].findtext("fb_memory_usage/total") == f"{gpus_memory(node)} MiB"
    assert gpus[0].findtext("mig_mode/current_mig") == "Disabled"


def test_the_xml_is_as_its_readers_expect(run: Run) -> None:
    log = ET.fromstring(run("-q", "-x").text)  # noqa: S314 - our own program's

    datetime.strptime(log.findtext("timestamp") or "", "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
    gpu = log.find("gpu")
    assert gpu is not None
    links = gpu.findall("pci/pci_gpu_link_info")
    assert [one.findtext("link_widths/current_link_width") for one in links] == ["16x"]
    assert [one.findtext("pcie_gen/max_link_gen") for one in links] == ["4"]
    # Captures of drivers 535 and 570: no 0x before PCI numbers, and a unit behind temperatures.
    assert re.fullmatch("[0-9A-F]{8}", gpu.findtext("pci/pci_device_id") or "")
    assert re.fullmatch(r"\d+ C", gpu.findtext("temperature/gpu_temp") or "")
    assert gpu.findtext("product_architecture") == "Ampere"
    assert gpu.findtext("ecc_errors/volatile/dram_uncorrectable") == "0"


def gpus_memory(node: Node) -> int:
    return int(node.state.device("gpu0")["memory.total"])


def test_the_fields_that_are_told_are_those_that_there_are(run: Run) -> None:
    told = [" or ".join(f'"{name}"' for name in names) for names in GROUPS]
    assert run("--help-query-gpu").text.rstrip().split("\n\n")[1:] == told
