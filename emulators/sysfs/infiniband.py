"""RDMA devices in sysfs: class/infiniband, and what leads to their device nodes.

Linux Documentation/ABI/stable/sysfs-class-infiniband, drivers/infiniband/core/{sysfs,uverbs_main,
user_mad}.c; the board's files are those of mlx5.
"""

from collections.abc import Callable
from functools import partial
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import yaml

from drawplate.emulators.nic import device_nodes, identity, rdma
from drawplate.emulators.state.device import Device
from drawplate.emulators.sysfs.functions import folder_of
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State

STRUCTURE = rdma.STRUCTURE | {"netdev.where"}

_EMPTY_GID = ":".join(["0000"] * 8)
_FILES: dict[str, Any] = yaml.safe_load(
    (files("drawplate.emulators.sysfs") / "infiniband.yaml").read_text(encoding="utf-8")
)


def contribute(state: "State", tree: Tree) -> None:
    """Put the RDMA devices that there are now."""
    devices = rdma.devices(state)
    for device in devices:
        name = rdma.name(device)
        folder = f"{folder_of(device.spec)}/infiniband/{name}"
        _put_device(state, tree, device, folder)
        _put_port(tree, device, f"{folder}/ports/1")
        tree.link(f"/class/infiniband/{name}", folder)
        _put_nodes(tree, device)
    if devices:
        for path, content in _FILES["classes"].items():
            tree.file(path, f"{content}\n")
        minor = device_nodes.rdma_cm_minor()
        tree.file("/devices/virtual/misc/rdma_cm/dev", f"10:{minor}\n")
        tree.file("/devices/virtual/misc/rdma_cm/abi_version", "4\n")
        tree.link("/devices/virtual/misc/rdma_cm/subsystem", "/class/misc")
        tree.link("/class/misc/rdma_cm", "/devices/virtual/misc/rdma_cm")


def _put_device(state: "State", tree: Tree, device: Device, folder: str) -> None:
    put = partial(_put, tree, folder)
    section, name = device.spec.profile.nic, rdma.name(device)
    guid = identity.guid(identity.permanent_mac(device.spec))
    # The description has the node's name first, as rdma-ndd writes it.
    put("node_desc", lambda: f"{state.node.node} {name}")
    put("node_guid", lambda: guid)
    put("sys_image_guid", lambda: guid)
    put("node_type", lambda: "1: CA")
    put("fw_ver", lambda: device["firmware.version"])
    put("uevent", lambda: f"NAME={name}")
    if section and section.hca_type:
        put("hca_type", lambda: section.hca_type)
        put("board_id", lambda: section.board_id)
        put("hw_rev", lambda: "0")
    tree.link(f"{folder}/device", folder_of(device.spec))
    tree.link(f"{folder}/subsystem", "/class/infiniband")


def _put_port(tree: Tree, device: Device, folder: str) -> None:
    put = partial(_put, tree, folder)
    section, ethernet = device.spec.profile.nic, rdma.is_ethernet(device)
    put("state", lambda: rdma.port_state(device))
    put("phys_state", lambda: rdma.physical_state(device))
    put("rate", lambda: section.rate if section else "")
    put("link_layer", lambda: device.spec.options["rdma"]["link_layer"])
    for name, content in _FILES["port"]["Ethernet" if ethernet else "InfiniBand"].items():
        put(name, partial(str, content))
    for name in _FILES["counters"]:
        put(f"counters/{name}", lambda: 0)
    for name in _FILES["hw_counters"]:
        put(f"hw_counters/{name}", lambda: 0)
    for index in range(section.gids if section else 1):
        put(f"gids/{index}", partial(_gid, device, index))
        put(f"gid_attrs/types/{index}", partial(_gid_type, device, index))
        put(f"gid_attrs/ndevs/{index}", partial(_gid_interface, device, index))


def _put_nodes(tree: Tree, device: Device) -> None:
    number = rdma.number(device)
    _put_node(tree, device, "infiniband_verbs", f"uverbs{number}", device_nodes.UVERBS + number)
    _put_node(tree, device, "infiniband_mad", f"umad{number}", device_nodes.UMAD + number)
    if not rdma.is_ethernet(device):
        _put_node(tree, device, "infiniband_mad", f"issm{number}", device_nodes.ISSM + number)


def _put_node(tree: Tree, device: Device, kind: str, name: str, minor: int) -> None:
    folder = f"{folder_of(device.spec)}/{kind}/{name}"
    put, major = partial(_put, tree, folder), device_nodes.major()
    put("ibdev", lambda: rdma.name(device))
    put("dev", lambda: f"{major}:{minor}")
    # The verbs' nodes are for everybody (uverbs_devnode).
    mode = "" if kind == "infiniband_mad" else "\nDEVMODE=0666"
    put("uevent", lambda: f"MAJOR={major}\nMINOR={minor}\nDEVNAME=infiniband/{name}{mode}")
    if kind == "infiniband_mad":
        put("port", lambda: 1)
    else:
        put("abi_version", lambda: 1)
    tree.link(f"{folder}/device", folder_of(device.spec))
    tree.link(f"{folder}/subsystem", f"/class/{kind}")
    tree.link(f"/class/{kind}/{name}", folder)


def _gid(device: Device, index: int) -> str:
    table = rdma.gids(device)
    return table[index].gid if index < len(table) else _EMPTY_GID


def _gid_type(device: Device, index: int) -> str:
    return rdma.gid_at(device, index).type


def _gid_interface(device: Device, index: int) -> str:
    return rdma.gid_at(device, index).interface


def _put(tree: Tree, folder: str, name: str, content: Callable[[], object]) -> None:
    tree.file(f"{folder}/{name}", lambda: f"{content()}\n")
