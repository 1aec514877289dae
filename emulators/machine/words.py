"""Machines and devices in words: what lists and pictures say of them."""

from collections.abc import Iterable

from drawplate.emulators.machine.file import Machine
from drawplate.emulators.machine.placed import DeviceSpec

# PCI-SIG: the transfer rate of each generation of PCI Express.
_GENERATIONS = {"2.5": 1, "5.0": 2, "8.0": 3, "16.0": 4, "32.0": 5, "64.0": 6}


def devices_in_words(machine: Machine) -> str:
    """Give the number and model of all devices, `8 NVIDIA H100 80GB HBM3, 2 …`."""
    counts: dict[str, int] = {}
    for one in machine.numbered():
        product = one.profile.product
        counts[product] = counts.get(product, 0) + 1
    return ", ".join(f"{count} {product}" for product, count in counts.items()) or "nothing"


def link_in_words(device: DeviceSpec) -> str:
    """Give the widest link of a device, `PCIe 5 x16`."""
    pci = device.profile.pci
    return f"PCIe {_GENERATIONS[pci.link_speed_gts.split()[0]]} x{pci.link_width}"


def network_in_words(device: DeviceSpec) -> str:
    """Give interface, RDMA device and virtual functions, or nothing where there are none."""
    options = device.options
    parts = [options[key]["name"] for key in ("netdev", "rdma") if key in options]
    sriov = options.get("sriov", {})
    if sriov.get("num"):
        parts.append(f"{sriov['num']} of {sriov['total']} virtual functions")
    elif sriov:
        parts.append(f"up to {sriov['total']} virtual functions")
    return ", ".join(parts)


def range_in_words(names: Iterable[str]) -> str:
    """Give the first and last of several names, `gpu0 to gpu7`."""
    found = list(names)
    return found[0] if len(found) == 1 else f"{found[0]} to {found[-1]}"
