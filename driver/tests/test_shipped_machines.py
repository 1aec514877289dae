"""What the driver publishes is what the machine file says, for every machine that is shipped."""

import json
import subprocess
import sys
from typing import Any

import pytest

from drawplate.driver.attributes import quantity, semantic_version
from drawplate.driver.tests.conftest import Cards, emulated
from drawplate.driver.tests.fakes import NODE
from drawplate.driver.tests.reading import reader
from drawplate.driver.tpus import GENERATIONS
from drawplate.emulators.machine.placed import DeviceSpec, NodeSpec, place
from drawplate.emulators.machine.shipped import load, shipped
from drawplate.emulators.nic.identity import has_interface, permanent_mac

# What one driver may import of ours, besides itself: nothing that knows of hardware.
ALLOWED = {
    "drawplate.emulators",
    "drawplate.emulators.ending",
    "drawplate.emulators.problems",
}


def published(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Give the attributes by device, each with its value and not its type; memory with them."""
    return {
        name: {
            **{key: next(iter(value.values())) for key, value in device["attributes"].items()},
            **{key: value["value"] for key, value in device.get("capacity", {}).items()},
        }
        for name, device in found.items()
    }


def where(spec: DeviceSpec) -> dict[str, Any]:
    standard = "resource.kubernetes.io/"
    found: dict[str, Any] = {
        f"{standard}pciBusID": spec.address,
        f"{standard}pcieRoot": spec.pcie_root,
    }
    if spec.numa_node is not None:
        found[f"{standard}numaNode"] = spec.numa_node
    return found


def label(kind: str, spec: DeviceSpec) -> str:
    return f"{kind}-{spec.address}".replace(":", "-").replace(".", "-")


def gpus_of(node: NodeSpec) -> dict[str, dict[str, Any]]:
    versions = node.machine.driver
    return {
        spec.uuid.lower(): {
            "uuid": spec.uuid,
            "productName": spec.profile.product,
            "architecture": spec.profile.architecture,
            "driverVersion": semantic_version(versions["nvidia"]),
            "cudaVersion": semantic_version(versions["cuda"]),
            "memory": quantity(spec.profile.memory_mib * 2**20),
            **where(spec),
        }
        for spec in node.devices
        if spec.kind == "nvidia-gpu" and spec.plugged
    }


def tpus_of(node: NodeSpec) -> dict[str, dict[str, Any]]:
    ici = node.machine.fabric.ici
    return {
        label("tpu", spec): {
            "tpuGen": GENERATIONS[int(spec.profile.pci.device, 16)],
            "topology": ici.topology if ici else None,
            "acceleratorType": node.machine.cloud.get("accelerator_type"),
            **where(spec),
        }
        for spec in node.devices
        if spec.family == "tpu" and spec.plugged
    }


def nics_of(node: NodeSpec) -> dict[str, dict[str, Any]]:
    return {
        label("nic", spec): {
            "interfaceName": spec.options["netdev"]["name"],
            "mac": permanent_mac(spec),
            "mtu": spec.options["netdev"].get("mtu") or 1500,
            "rdma": "rdma" in spec.options,
            "virtualFunction": spec.parent is not None,
            **({"rdmaDevice": spec.options["rdma"]["name"]} if "rdma" in spec.options else {}),
            **({"sriovTotal": spec.options["sriov"]["total"]} if "sriov" in spec.options else {}),
            **where(spec),
        }
        for spec in node.devices
        if has_interface(spec) and spec.plugged
    }


def machines(kind: str) -> list[str]:
    return sorted(
        name
        for name in shipped()
        if any(spec.kind == kind for spec in place(load(name), NODE).devices)
    )


@pytest.mark.parametrize("machine", machines("nvidia-gpu"))
def test_gpus_are_those_of_the_machine_file(machine: str) -> None:
    with emulated(machine) as node, reader("gpu", node.settings.root) as driver:
        assert published(driver.read()) == gpus_of(node.state.node)


@pytest.mark.root
@pytest.mark.parametrize("machine", machines("tpu"))
def test_chips_are_those_of_the_machine_file(machine: str) -> None:
    with emulated(machine) as node, reader("tpu", node.settings.root) as driver:
        found = published(driver.read())
        expected = tpus_of(node.state.node)
    numbers = [device.pop("index") for device in found.values()]

    assert len(set(numbers)) == len(numbers)
    # A machine outside a cloud is not told what its accelerator is called there.
    assert {
        name: {**device, "acceleratorType": None}
        if expected[name]["acceleratorType"] is None
        else device
        for name, device in found.items()
    } == expected


@pytest.mark.root
@pytest.mark.slow
@pytest.mark.parametrize("machine", machines("nic"))
def test_cards_are_those_of_the_machine_file(cards: Cards, machine: str) -> None:
    process = cards(machine)
    root = process.folder / "root"
    inside = ["nsenter", f"--net={process.lab.path('node')}"]
    with reader("nic", root, before=inside) as driver:
        assert published(driver.read()) == nics_of(place(load(machine), "node-1"))


@pytest.mark.root
@pytest.mark.parametrize("machine", machines("amd-gpu") + machines("intel-gpu"))
def test_a_machine_without_devices_of_a_family_has_none(machine: str) -> None:
    with emulated(machine) as node:
        for family in ("tpu", "nic"):
            with reader(family, node.settings.root) as driver:
                assert driver.read() == {}
        with reader("gpu", node.settings.root) as driver:
            assert "there is no libnvidia-ml.so.1" in driver.read()["problem"]


def test_the_driver_imports_nothing_of_the_emulators() -> None:
    program = "import sys, json, drawplate.driver.main; print(json.dumps(sorted(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    ours = {name for name in json.loads(shown.stdout) if name.startswith("drawplate.")}

    assert {name for name in ours if not name.startswith("drawplate.driver")} <= ALLOWED
