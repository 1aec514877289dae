"""The family `gpu` on an emulated node, as it is and when something happens to it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from drawplate.driver.attributes import quantity
from drawplate.driver.gpus import MAJOR, Gpus
from drawplate.driver.roots import Roots
from drawplate.driver.tests.conftest import do, emulated
from drawplate.driver.tests.reading import Reader, reader
from drawplate.emulators.mig.lifecycle import require_geometry
from drawplate.emulators.node import Node as EmulatedNode
from drawplate.emulators.problems import SetupProblem


@pytest.fixture(scope="module")
def machine() -> Iterator[EmulatedNode]:
    with emulated("dgx-h100") as node:
        yield node


@pytest.fixture
def dgx(machine: EmulatedNode) -> Iterator[EmulatedNode]:
    """Give a node with eight GPUs, which is afterwards what it was."""
    yield machine
    do(machine, "heal")
    do(machine, "reset")


@pytest.fixture
def gpus(dgx: EmulatedNode) -> Iterator[Reader]:
    with reader("gpu", dgx.settings.root) as one:
        yield one


def name_of(node: EmulatedNode, device: str) -> str:
    return node.state.device(device).spec.uuid.lower()


def test_a_gpu_has_what_nvml_and_sys_tell_of_it(dgx: EmulatedNode, gpus: Reader) -> None:
    found = gpus.read()[name_of(dgx, "gpu5")]
    spec = dgx.state.device("gpu5").spec

    assert found["attributes"] == {
        "uuid": {"string": spec.uuid},
        "productName": {"string": "NVIDIA H100 80GB HBM3"},
        "architecture": {"string": "Hopper"},
        "driverVersion": {"version": "580.95.5"},
        "cudaVersion": {"version": "13.0.0"},
        "resource.kubernetes.io/pciBusID": {"string": "0000:9c:00.0"},
        "resource.kubernetes.io/pcieRoot": {"string": "pci0000:97"},
        "resource.kubernetes.io/numaNode": {"int": 1},
    }
    assert found["capacity"] == {"memory": {"value": "81559Mi"}}
    assert (found["edits"]["variable"], found["edits"]["identity"]) == ("GPU_DEVICE_5", spec.uuid)
    assert found["edits"]["nodes"][0] == {"path": "/dev/nvidia5", "major": MAJOR, "minor": 5}


@pytest.mark.root
def test_a_container_gets_the_nodes_that_all_gpus_share(gpus: Reader) -> None:
    for number, found in enumerate(gpus.read().values()):
        paths = [node["path"] for node in found["edits"]["nodes"]]
        shared = ["/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia-uvm-tools"]
        assert paths == [f"/dev/nvidia{number}", *shared]


def test_a_gpu_that_fell_off_the_bus_is_withheld_and_the_others_stay(
    dgx: EmulatedNode, gpus: Reader
) -> None:
    before = gpus.devices()
    lost = name_of(dgx, "gpu3")
    do(dgx, "fault", "gpu3", "xid=79")

    assert not gpus.is_there(lost)
    assert gpus.devices() == [name for name in before if name != lost]
    do(dgx, "heal", "gpu3")
    assert gpus.devices() == before


def test_an_unplugged_gpu_goes_and_the_others_keep_all_they_have(
    dgx: EmulatedNode, gpus: Reader
) -> None:
    before = gpus.read()
    gone = name_of(dgx, "gpu0")
    do(dgx, "unplug", "gpu0")

    assert not gpus.is_there(gone)
    assert gpus.read() == {name: it for name, it in before.items() if name != gone}
    do(dgx, "plug", "gpu0")
    assert gpus.read() == before


def test_without_any_gpu_the_node_is_empty_and_nothing_is_wrong(
    dgx: EmulatedNode, gpus: Reader
) -> None:
    for number in range(8):
        do(dgx, "unplug", f"gpu{number}")

    assert gpus.read() == {}


def test_a_driver_that_is_unloaded_is_a_problem_and_not_an_empty_node(
    dgx: EmulatedNode, gpus: Reader
) -> None:
    before = gpus.devices()
    do(dgx, "set", "node", {"driver.loaded": False})

    assert "NVML cannot be used: Driver Not Loaded" in gpus.read()["problem"]
    assert not gpus.is_there(before[0])
    do(dgx, "set", "node", {"driver.loaded": True})
    assert gpus.devices() == before


def test_a_driver_that_is_not_loaded_at_the_start_is_a_problem(dgx: EmulatedNode) -> None:
    do(dgx, "set", "node", {"driver.loaded": False})

    with reader("gpu", dgx.settings.root) as started:
        assert "see that the kernel driver is loaded" in started.read()["problem"]


@pytest.mark.root
def test_a_gpu_in_mig_mode_is_its_parts_and_the_others_stay_whole(
    dgx: EmulatedNode, gpus: Reader
) -> None:
    before = gpus.read()
    do(dgx, "mig-mode", "gpu2", 1)
    do(dgx, "mig-create", "gpu2", "3g.40gb")
    do(dgx, "mig-create", "gpu2", "1g.10gb")
    found = gpus.read()
    whole = before[name_of(dgx, "gpu2")]
    parts = [it for it in found.values() if "parentUUID" in it["attributes"]]
    kinds = require_geometry(dgx.state.device("gpu2")).profiles
    sizes = {kind.name: kind.memory_mib for kind in kinds}

    assert {name for name in found if name in before} == before.keys() - {name_of(dgx, "gpu2")}
    assert [part["attributes"]["profile"]["string"] for part in parts] == ["3g.40gb", "1g.10gb"]
    for part in parts:
        uuid = part["attributes"].pop("uuid")["string"]
        assert (part["name"], part["edits"]["identity"]) == (uuid.lower(), uuid)
        assert uuid.startswith("MIG-")
        assert part["attributes"].pop("parentUUID") == whole["attributes"]["uuid"]
        profile = part["attributes"].pop("profile")["string"]
        assert part["attributes"] == {
            key: value for key, value in whole["attributes"].items() if key != "uuid"
        }
        assert part["capacity"]["memory"]["value"] == quantity(sizes[profile] * 2**20)


@pytest.mark.root
def test_a_container_with_a_part_gets_the_nodes_that_give_access_to_it(
    dgx: EmulatedNode, gpus: Reader
) -> None:
    do(dgx, "mig-mode", "gpu1", 1)
    do(dgx, "mig-create", "gpu1", "7g.80gb")
    edits = next(it for it in gpus.read().values() if "profile" in it["attributes"])["edits"]
    folder = dgx.settings.root / "proc/driver/nvidia/capabilities/gpu1/mig/gi0"
    files = [folder / "access", folder / "ci0/access"]
    minors = [int(file.read_text().split()[1]) for file in files]

    assert edits["variable"] == "GPU_DEVICE_1_MIG_0_0"
    paths = [node["path"] for node in edits["nodes"]]
    assert paths[0] == "/dev/nvidia1"
    assert paths[-2:] == [f"/dev/nvidia-caps/nvidia-cap{minor}" for minor in minors]
    assert [node["minor"] for node in edits["nodes"][-2:]] == minors


@pytest.mark.root
def test_a_part_that_is_destroyed_goes_and_the_gpu_comes_back_whole(
    dgx: EmulatedNode, gpus: Reader
) -> None:
    before = gpus.read()
    do(dgx, "mig-mode", "gpu0", 1)
    assert gpus.read() == {k: v for k, v in before.items() if k != name_of(dgx, "gpu0")}
    do(dgx, "mig-create", "gpu0", "1g.10gb")
    part = next(name for name in gpus.devices() if name.startswith("mig-"))
    assert gpus.is_there(part)
    do(dgx, "mig-destroy", "gpu0", dgx.operations["mig-list"]("gpu0")["instances"][0]["gi"])

    assert not gpus.is_there(part)
    do(dgx, "mig-mode", "gpu0", 0)
    assert gpus.read() == before


def test_files_are_mounted_from_where_the_host_has_them(dgx: EmulatedNode) -> None:
    with reader("gpu", dgx.settings.root, host_driver=Path("/opt/nvidia")) as inside_a_pod:
        mounts = next(iter(inside_a_pod.read().values()))["edits"]["mounts"]

    library = next(dgx.settings.root.glob("usr/lib/*-linux-gnu/libnvidia-ml.so.580.95.05"))
    folder = library.parent.relative_to(dgx.settings.root)
    assert mounts == [
        {"host": f"/opt/nvidia/{folder}/{library.name}", "container": f"/{folder}/{library.name}"},
        {
            "host": f"/opt/nvidia/{folder}/{library.name}",
            "container": f"/{folder}/libnvidia-ml.so.1",
        },
        {"host": "/opt/nvidia/usr/bin/nvidia-smi", "container": "/usr/bin/nvidia-smi"},
    ]


@pytest.mark.parametrize("folder", ["usr/lib64", "lib64"])
def test_the_library_is_found_where_distributions_have_it(
    dgx: EmulatedNode, tmp_path: Path, folder: str
) -> None:
    library = next(dgx.settings.root.glob("usr/lib/*-linux-gnu/libnvidia-ml.so.580.95.05"))
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / library.name).symlink_to(library)
    (tmp_path / folder / "libnvidia-ml.so.1").hardlink_to(library)

    with reader("gpu", dgx.settings.root, driver=tmp_path) as elsewhere:
        assert len(elsewhere.devices()) == 8


def test_a_node_without_the_library_is_a_problem_that_names_the_folders(tmp_path: Path) -> None:
    with pytest.raises(SetupProblem, match=r"no libnvidia-ml\.so\.1") as caught:
        Gpus(Roots(driver=tmp_path))

    assert f"{tmp_path}/usr/lib64" in str(caught.value)
