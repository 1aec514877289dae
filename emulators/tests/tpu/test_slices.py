"""Slices: shapes, hosts, rings and names, for one host and for several."""

from pathlib import Path

import pytest

from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.state.model import State
from drawplate.emulators.tpu import slices
from drawplate.emulators.tpu.environment import container_environment, tpu_env
from drawplate.emulators.tpu.labels import node_labels
from drawplate.emulators.tpu.slices import Slice

SEVERAL = """\
machine: tpu-several
pci: [{{root: "pci0000:00"}}]
devices:
  - {{kind: tpu, profile: {profile}, count: 4, at: ["0000:00:04.0", "0000:00:05.0", "0000:00:06.0", "0000:00:07.0"]}}
driver: {{{driver}: "1"}}
fabric: {{ici: {{topology: {topology}, worker: {worker}}}}}
"""


def shipped(machine: str) -> State:
    return State(place(load(machine), "node-1"))


def several(folder: Path, topology: str, profile: str = "tpu-v5p", worker: int = 0) -> State:
    file = folder / "machine.yaml"
    driver = "gasket" if profile == "tpu-v4" else "vfio-pci"
    text = SEVERAL.format(profile=profile, driver=driver, topology=topology, worker=worker)
    file.write_text(text, encoding="utf-8")
    return State(place(load(str(file)), "pool-7"))


def slice_of(state: State) -> Slice:
    found = slices.of(state)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("machine", "kind", "label", "bounds"),
    [
        ("tpu-v4", "v4-8", "tpu-v4-podslice", "2,2,1"),
        ("tpu-v5e-4", "v5litepod-4", "tpu-v5-lite-podslice", "2,2,1"),
        ("tpu-v5e-8", "v5litepod-8", "tpu-v5-lite-podslice", "2,4,1"),
        ("tpu-v5p", "v5p-8", "tpu-v5p-slice", "2,2,1"),
        ("tpu-v6e-8", "v6e-8", "tpu-v6e-slice", "2,4,1"),
        ("tpu-v7x", "tpu7x-8", "tpu7x", "2,2,1"),
    ],
)
def test_a_shipped_machine_is_a_whole_slice(
    machine: str, kind: str, label: str, bounds: str
) -> None:
    state = shipped(machine)
    found = slice_of(state)
    assert (found.accelerator_type, found.is_multi_host) == (kind, False)
    environment = container_environment(found)
    assert environment["TPU_CHIPS_PER_HOST_BOUNDS"] == bounds
    assert environment["TPU_HOST_BOUNDS"] == "1,1,1"
    assert environment["TPU_WORKER_HOSTNAMES"] == "localhost"
    assert node_labels(state)["cloud.google.com/gke-tpu-accelerator"] == label


@pytest.mark.parametrize(
    ("profile", "topology", "expected"),
    [
        ("tpu-v5p", "2x2x4", ("1,1,4", "false,false,false", "false")),
        ("tpu-v5p", "4x4x4", ("2,2,4", "true,true,true", "true")),
        ("tpu-v4", "4x4x8", ("2,2,8", "true,true,true", "true")),
        ("tpu-v5e", "4x4", ("2,2,1", "false,false,false", "false")),
        ("tpu-v6e", "8x16", ("4,8,1", "false,true,false", "false")),
        ("tpu-v6e", "16x16", ("8,8,1", "true,true,false", "false")),
    ],
)
def test_a_slice_of_several_hosts(
    tmp_path: Path, profile: str, topology: str, expected: tuple[str, str, str]
) -> None:
    hosts, wrap, resilient = expected
    state = several(tmp_path, topology, profile)
    environment = container_environment(slice_of(state))
    assert environment["TPU_HOST_BOUNDS"] == hosts
    assert environment["TPU_TOPOLOGY_WRAP"] == environment["WRAP"] == wrap
    assert environment["ENABLE_ICI_RESILIENCY"] == resilient
    # Who the workers are is known only to whoever places the job's pods.
    assert "TPU_WORKER_HOSTNAMES" not in environment
    assert node_labels(state)["cloud.google.com/gke-tpu-topology"] == topology


def test_hosts_of_a_slice_have_names_and_addresses_in_order(tmp_path: Path) -> None:
    found = slice_of(several(tmp_path, "2x2x4", worker=2))
    assert found.hostnames == ("pool-w-0", "pool-w-1", "pool-w-2", "pool-w-3")
    assert found.addresses == ("198.18.0.10", "198.18.0.11", "198.18.0.12", "198.18.0.13")
    assert found.worker == 2
    assert found.accelerator_type == "v5p-32"


def test_what_is_set_wins_over_the_machine_file() -> None:
    state = shipped("tpu-v5e-8")
    with state.change("test") as change:
        change.update(
            "node",
            {
                "tpu.topology": "4x4",
                "tpu.worker": 1,
                "tpu.env": {"TOPOLOGY": "8x8", "WORKER_ID": None},
            },
        )
    assert slice_of(state).topology == "4x4"
    assert slice_of(state).worker == 1
    entries = tpu_env(state)
    assert entries["TOPOLOGY"] == "8x8"
    assert "WORKER_ID" not in entries


def test_a_chip_that_is_unplugged_does_not_change_the_slice() -> None:
    state = shipped("tpu-v5e-8")
    with state.change("test") as change:
        change.unplug("tpu3")
    assert slice_of(state).chips_here == 8


def test_a_node_without_tpus_has_no_slice() -> None:
    state = shipped("edge-l4")
    assert slices.of(state) is None
    assert tpu_env(state) == node_labels(state) == {}
