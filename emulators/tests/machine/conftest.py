"""A plain folder that looks like the /sys of a node, as far as recording reads it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from drawplate.emulators.machine.pci_tree import Bridge
from drawplate.emulators.machine.placed import DeviceSpec, NodeSpec

WriteSysfs = Callable[[NodeSpec], Path]


@pytest.fixture
def write_sysfs(tmp_path: Path) -> WriteSysfs:
    def write(node: NodeSpec) -> Path:
        sysfs = tmp_path / "sys"
        _write_memory(sysfs, node)
        for bridge in node.bridges:
            _write_bridge(sysfs, bridge)
        for device in node.devices:
            if device.plugged:
                _write_device(sysfs, device)
        for key, version in node.machine.driver.items():
            _put(sysfs / "module" / key, version=version)
        _put(
            sysfs / "class/dmi/id",
            sys_vendor=node.machine.chassis.vendor,
            product_name=node.machine.chassis.product,
            product_serial="SECRET",
        )
        return sysfs

    return write


def _write_memory(sysfs: Path, node: NodeSpec) -> None:
    numa = node.machine.numa
    for number in range(numa.nodes):
        _put(
            sysfs / f"devices/system/node/node{number}",
            cpulist=numa.cpus[number],
            distance=" ".join(map(str, numa.distance[number])),
        )


def _write_bridge(sysfs: Path, bridge: Bridge) -> None:
    folder = sysfs.joinpath("devices", bridge.pcie_root, *bridge.above, bridge.address)
    vendor, device = bridge.id.split(":")
    _put(folder, vendor=f"0x{vendor}", device=f"0x{device}", **{"class": "0x060400"})
    _link(sysfs, folder)


def _write_device(sysfs: Path, device: DeviceSpec) -> None:
    pci = device.profile.pci
    folder = sysfs.joinpath("devices", device.pcie_root, *device.bridges, device.address)
    _put(
        folder,
        vendor=f"0x{pci.vendor}",
        device=f"0x{pci.device}",
        revision=f"0x{pci.revision}",
        subsystem_vendor=f"0x{pci.subsystem_vendor}",
        subsystem_device=f"0x{pci.subsystem_device}",
        numa_node=str(-1 if device.numa_node is None else device.numa_node),
        max_link_speed=pci.link_speed_gts,
        max_link_width=str(pci.link_width),
        resource=_resource(pci.bars),
        config="\0" * (pci.config_bytes - 1),
        **{"class": f"0x{pci.class_}"},
    )
    _link(sysfs, folder)
    driver = sysfs / "bus/pci/drivers" / pci.kernel_driver
    driver.mkdir(parents=True, exist_ok=True)
    (folder / "driver").symlink_to(driver)
    _write_network(folder, device)
    _write_sriov(sysfs, folder, device)


def _write_network(folder: Path, device: DeviceSpec) -> None:
    if netdev := device.options.get("netdev"):
        _put(folder / "net" / netdev["name"], address=f"02:00:00:00:5e:{device.index % 256:02x}")
    if rdma := device.options.get("rdma"):
        _put(folder / "infiniband" / rdma["name"] / "ports/1", link_layer=rdma["link_layer"])


def _write_sriov(sysfs: Path, folder: Path, device: DeviceSpec) -> None:
    if device.parent:
        number = device.options["number"]
        parent = next(
            one for one in (sysfs / "bus/pci/devices").iterdir() if one.name[:8] == folder.name[:8]
        )
        (parent.resolve() / f"virtfn{number}").symlink_to(f"../{folder.name}")
        (folder / "physfn").symlink_to(f"../{parent.name}")
    if sriov := device.options.get("sriov"):
        _put(
            folder,
            sriov_totalvfs=str(sriov["total"]),
            sriov_numvfs=str(sriov["num"]),
            sriov_offset=str(sriov["offset"]),
            sriov_stride=str(sriov["stride"]),
        )


def _resource(bars: tuple[int, ...]) -> str:
    lines = []
    for number in range(6):
        size = bars[number] if number < len(bars) else 0
        first = 0x1000_0000_0000 if size else 0
        lines.append(f"{first:#018x} {first + max(0, size - 1):#018x} {0x40200 if size else 0:#x}")
    return "\n".join(lines)


def _put(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n")


def _link(sysfs: Path, folder: Path) -> None:
    bus = sysfs / "bus/pci/devices"
    bus.mkdir(parents=True, exist_ok=True)
    (bus / folder.name).symlink_to(folder)
