"""The hardware seam: what is plugged in, and when that changes."""

import threading
from collections.abc import Callable

from drawplate.driver.hardware import Gpu
from drawplate.driver.inventory import describe, quantity, semantic_version
from drawplate.driver.settings import is_subdomain
from drawplate.driver.tests.conftest import Node


def test_an_unplugged_device_is_gone_and_the_others_stay_what_they_were(node: Node) -> None:
    before = node.hardware.gpus()
    _unplug(node, before[2])

    assert node.hardware.gpus() == before[:2] + before[3:]
    assert node.hardware.find(before[2].name) is None


def test_a_device_that_comes_back_is_the_one_it_was(node: Node) -> None:
    before = node.hardware.gpus()
    whole = node.machine.read_text()
    _unplug(node, before[0])
    node.hardware.gpus()
    node.machine.write_text(whole)

    assert node.hardware.gpus() == before


def test_hardware_that_cannot_be_read_now_is_what_it_was(node: Node) -> None:
    before = node.hardware.gpus()
    node.machine.write_text("machine: [")

    assert node.hardware.gpus() == before


def test_a_change_is_told_once(node: Node) -> None:
    assert not node.hardware.changed()
    _unplug(node, node.hardware.gpus()[0])

    assert node.hardware.changed()
    assert not node.hardware.changed()


def test_a_change_there_and_back_is_told_if_another_saw_its_middle(node: Node) -> None:
    whole = node.machine.read_text()
    _unplug(node, node.hardware.gpus()[0])
    node.hardware.gpus()  # as the publisher does, which then has published one device less
    node.machine.write_text(whole)

    assert node.hardware.changed()


def test_replacing_the_file_wakes_who_follows_the_hardware(node: Node) -> None:
    stop, woken = threading.Event(), threading.Event()

    def follow() -> None:
        for _ in node.hardware.changes(stop):
            if node.hardware.changed():
                woken.set()

    thread = threading.Thread(target=follow)
    thread.start()
    other = node.root / "new.yaml"
    other.write_text("machine: empty\n")
    other.rename(node.machine)

    assert woken.wait(10)
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


def test_device_names_are_labels_that_tell_cards_apart(node: Node) -> None:
    assert len(set(node.devices)) == 8
    assert all(is_subdomain(name, 63) and "." not in name for name in node.devices)


def test_attributes_have_the_types_that_drivers_share(node: Node) -> None:
    gpu = node.hardware.gpus()[0]
    device = describe([gpu])[0]

    assert device["attributes"] == {
        "uuid": {"string": gpu.uuid},
        "productName": {"string": gpu.product},
        "architecture": {"string": gpu.architecture},
        "driverVersion": {"version": "580.95.5"},
        "cudaVersion": {"version": "13.0.0"},
        "resource.kubernetes.io/pciBusID": {"string": gpu.pci_address},
        "resource.kubernetes.io/pcieRoot": {"string": gpu.pcie_root},
        "resource.kubernetes.io/numaNode": {"int": 0},
    }
    assert device["capacity"] == {"memory": {"value": "81559Mi"}}


def test_a_device_without_affinity_has_no_numa_attribute(
    make_node: Callable[[str], Node],
) -> None:
    node = make_node("edge-l4")
    node.machine.write_text(node.machine.read_text().replace(", numa: 0", ""))
    attributes = describe(node.hardware.gpus())[0]["attributes"]

    assert not [name for name in attributes if "numa" in name]


def test_versions_become_semantic_versions() -> None:
    assert semantic_version("580.95.05") == "580.95.5"
    assert semantic_version("13.0") == "13.0.0"
    assert semantic_version("r7-beta2.1.4.9") == "7.2.1"
    assert semantic_version("") == "0.0.0"


def test_quantities_are_written_as_the_api_server_writes_them_back() -> None:
    assert quantity(81559 * 2**20) == "81559Mi"
    assert quantity(80 * 2**30) == "80Gi"
    assert quantity(1023) == "1023"
    assert quantity(0) == "0"


def _unplug(node: Node, gpu: Gpu) -> None:
    text = node.machine.read_text()
    node.machine.write_text(
        text.replace("    at:", f'    unplugged: ["{gpu.pci_address}"]\n    at:')
    )
