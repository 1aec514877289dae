"""The file of PCI names that goes with a machine."""

import pytest

from drawplate.emulators import pci_ids
from drawplate.emulators.machine.placed import NodeSpec, place
from drawplate.emulators.machine.shipped import load, shipped


@pytest.fixture(params=sorted(shipped()))
def node(request: pytest.FixtureRequest) -> NodeSpec:
    return place(load(request.param), "node")


def names(text: str) -> dict[str, str]:
    """Read the file as its programs do: vendors, then their devices, then classes."""
    found, vendor = {}, ""
    for line in text.splitlines():
        if line.startswith("C "):
            vendor = ""
        elif line and line[0] not in "\t#":
            vendor = line[:4]
            found[vendor] = line[6:]
        elif vendor and line.startswith("\t") and not line.startswith("\t\t"):
            found[f"{vendor}:{line[1:5]}"] = line[7:]
    return found


@pytest.mark.parametrize("base", ["", "10de  NVIDIA Corporation\n\t0020  NV4\nC 03  Display\n"])
def test_every_device_and_bridge_has_a_name(node: NodeSpec, base: str) -> None:
    found = names(pci_ids.text(node, base))

    for spec in node.devices:
        pci = spec.profile.pci
        if spec.parent is None:
            assert found[f"{pci.vendor}:{pci.device}"] == spec.profile.product
        assert f"{pci.vendor}:{pci.device}" in found
        assert pci.subsystem_vendor in found
    for bridge in node.bridges:
        assert bridge.id in found


def test_what_the_system_says_stays(node: NodeSpec) -> None:
    base = "10de  Its own name\n\t2330  Its own device\nC 03  Display controller\n\t02  3D\n"

    text = pci_ids.text(node, base)

    assert "10de  Its own name" in text
    assert "\t2330  Its own device" in text
    assert text.rstrip().endswith("\t02  3D")
