"""A node's devices as a table, and as JSON."""

import json
from typing import Any

from drawplate.emulators.machine.placed import DeviceSpec, NodeSpec
from drawplate.emulators.machine.words import link_in_words, network_in_words


def as_rows(node: NodeSpec) -> list[tuple[str, ...]]:
    """Give a heading and one row per device."""
    rows: list[tuple[str, ...]] = [
        ("device", "model", "address", "root", "NUMA", "UUID", "serial", "and")
    ]
    rows.extend(
        (
            one.name,
            one.profile.product,
            one.address,
            one.pcie_root,
            "-" if one.numa_node is None else str(one.numa_node),
            one.uuid,
            one.serial,
            network_in_words(one) if one.plugged else "unplugged",
        )
        for one in node.devices
    )
    return rows


def as_json(node: NodeSpec) -> str:
    """Give everything that is known of a node's hardware."""
    return json.dumps(
        {
            "node": node.node,
            "machine": node.machine.machine,
            "about": node.machine.about,
            "arch": node.machine.arch,
            "numa": node.machine.numa.model_dump(),
            "driver": node.machine.driver,
            "fabric": node.machine.fabric.model_dump(),
            "chassis": node.machine.chassis.model_dump(),
            "cloud": node.machine.cloud,
            "devices": [_device(one) for one in node.devices],
        },
        indent=2,
    )


def _device(one: DeviceSpec) -> dict[str, Any]:
    pci = one.profile.pci
    return {
        "name": one.name,
        "family": one.family,
        "kind": one.kind,
        "index": one.index,
        "product": one.profile.product,
        "architecture": one.profile.architecture,
        "memory_mib": one.profile.memory_mib,
        "address": one.address,
        "pcie_root": one.pcie_root,
        "bridges": one.bridges,
        "numa_node": one.numa_node,
        "pci_id": f"{pci.vendor}:{pci.device}",
        "link": link_in_words(one),
        "kernel_driver": pci.kernel_driver,
        "uuid": one.uuid,
        "serial": one.serial,
        "plugged": one.plugged,
        "parent": one.parent,
        "options": dict(one.options),
    }
