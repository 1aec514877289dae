"""The files of PCI functions: complete for every function of every machine, and consistent."""

import struct
from collections.abc import Callable
from itertools import pairwise

import pytest

from drawplate.emulators.machine.shipped import shipped
from drawplate.emulators.state.model import State
from drawplate.emulators.sysfs.cpus import cpu_list, cpu_mask
from drawplate.emulators.sysfs.functions import functions
from drawplate.emulators.tree import sysfs
from drawplate.emulators.tree.contributions import build
from drawplate.emulators.tree.model import File, Folder, Link, Tree

MACHINES = sorted(shipped())

# What readers fail without (ghw, nvpci, lspci, dranet).
NEEDED = {
    *("vendor", "device", "class", "revision", "subsystem_vendor", "subsystem_device"),
    *("modalias", "config", "resource", "irq", "enable", "remove", "rescan", "uevent"),
    *("numa_node", "local_cpus", "local_cpulist", "driver_override", "subsystem"),
    *("iommu_group", "max_link_speed", "max_link_width"),
    *("current_link_speed", "current_link_width", "aer_dev_correctable"),
}


@pytest.fixture(scope="module", params=MACHINES)
def state(request: pytest.FixtureRequest, states: Callable[[str], State]) -> State:
    return states(request.param)


@pytest.fixture(scope="module")
def tree(state: State) -> Tree:
    return build(state, sysfs.CONTRIBUTIONS)


def text(tree: Tree, path: str) -> str:
    found = tree.find(path)
    assert isinstance(found, File)
    return found.read().decode()


def config(tree: Tree, folder: str) -> bytes:
    found = tree.find(f"{folder}/config")
    assert isinstance(found, File)
    return found.read()


def test_every_function_has_the_full_set_of_files(state: State, tree: Tree) -> None:
    for function in functions(state):
        folder = tree.find(function.folder)
        assert isinstance(folder, Folder)
        wanted = NEEDED if function.config_bytes == 4096 else NEEDED - {"aer_dev_correctable"}
        assert wanted <= set(folder.entries), function.address


def test_every_device_of_the_machine_is_on_the_bus(state: State, tree: Tree) -> None:
    for device in state.devices():
        link = tree.find(f"/bus/pci/devices/{device.spec.address}")
        assert isinstance(link, Link)
        assert link.target.startswith(f"../../../devices/{device.spec.pcie_root}/")
        assert link.target.endswith(f"/{device.spec.address}")


def test_links_to_the_folder_above_end_in_its_name(tree: Tree) -> None:
    # Programs take the address from the link's last part.
    for path, entry in tree.walk():
        if isinstance(entry, Link):
            assert not entry.target.endswith(".."), path


def test_virtual_functions_leave_link_memory_and_interrupt_to_the_physical_one(
    state: State, tree: Tree
) -> None:
    # SR-IOV 1.1, 3.4 and 3.5; lspci shows "Mem-" and a link of unknown speed and no lanes.
    express = 0x60
    for device in state.devices():
        folder = f"/bus/pci/devices/{device.spec.address}"
        link = tree.find(folder)
        assert isinstance(link, Link)
        folder = link.target.removeprefix("../../..")
        command, status = config(tree, folder)[0x04], config(tree, folder)[express + 0x12]
        if device.spec.parent is None:
            assert command & 0x2
            assert device.spec.profile.pci.config_bytes < 4096 or status
        else:
            assert not command & 0x2
            assert not status
            assert text(tree, f"{folder}/current_link_speed") == "Unknown\n"
            assert text(tree, f"{folder}/current_link_width") == "0\n"
            assert text(tree, f"{folder}/irq") == "0\n"


def test_every_link_leads_somewhere(tree: Tree) -> None:
    # What the kernel itself has on every machine.
    known = ("/bus/platform", "/bus/auxiliary", "/class/", "/module/pcieport", "/devices/virtual")
    for path, entry in tree.walk():
        if isinstance(entry, Link):
            target = _resolve(path, entry.target)
            assert tree.find(target) is not None or target.startswith(known), f"{path} -> {target}"


def _resolve(path: str, target: str) -> str:
    parts = path.split("/")[1:-1]
    for part in target.split("/"):
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/" + "/".join(parts)


def test_configuration_space_says_what_the_files_say(state: State, tree: Tree) -> None:
    for function in functions(state):
        space = config(tree, function.folder)
        assert len(space) == function.config_bytes
        vendor, device = struct.unpack_from("<HH", space, 0)
        spec = function.spec
        if spec is None or spec.parent is None:
            assert f"0x{vendor:04x}\n" == text(tree, f"{function.folder}/vendor")
            assert f"0x{device:04x}\n" == text(tree, f"{function.folder}/device")
        class_ = int.from_bytes(space[9:12], "little")
        assert f"0x{class_:06x}\n" == text(tree, f"{function.folder}/class")


def test_capabilities_are_chains_that_end(state: State, tree: Tree) -> None:
    for function in functions(state):
        space = config(tree, function.folder)
        at, seen = space[0x34], []
        while at:
            seen.append(at)
            assert len(seen) < 48
            at = space[at + 1]
        at = 0x100 if len(space) > 0x100 else 0
        while at:
            seen.append(at)
            assert len(seen) < 48
            at = struct.unpack_from("<I", space, at)[0] >> 20
        assert len(set(seen)) == len(seen)


def test_regions_do_not_overlap(state: State, tree: Tree) -> None:
    ends = []
    for function in functions(state):
        spec = function.spec
        if function.bridge is None and spec is not None and spec.parent is None:
            for line in text(tree, f"{function.folder}/resource").splitlines():
                first, last, flags = (int(part, 16) for part in line.split())
                assert (first == last == 0) == (flags == 0)
                if flags:
                    ends.append((first, last))
    for (_, last), (first, _) in pairwise(sorted(ends)):
        assert last < first


def test_regions_lie_in_the_windows_of_the_bridges_above(state: State, tree: Tree) -> None:
    windows = {
        one.address: [
            tuple(int(part, 16) for part in line.split()[:2])
            for line in text(tree, f"{one.folder}/resource").splitlines()[14:16]
        ]
        for one in functions(state)
        if one.bridge is not None
    }
    for function in functions(state):
        spec = function.spec
        for bridge in spec.bridges if spec else ():
            for line in text(tree, f"{function.folder}/resource").splitlines():
                first, last, flags = (int(part, 16) for part in line.split())
                inside = [low <= first and last <= high for low, high in windows[bridge]]
                assert not flags or any(inside), f"{function.address} behind {bridge}"


def test_modalias_is_as_long_as_readers_demand(state: State) -> None:
    # Of fixed widths, as the kernel writes it; ghw refuses everything when one is shorter.
    for function in functions(state):
        assert len(function.modalias) == 53
        assert function.modalias.startswith(f"pci:v0000{function.vendor:04X}d0000")


def test_every_group_has_the_functions_that_link_to_it(state: State, tree: Tree) -> None:
    groups: dict[str, set[str]] = {}
    for function in functions(state):
        link = tree.find(f"{function.folder}/iommu_group")
        assert isinstance(link, Link)
        groups.setdefault(link.target.rpartition("/")[2], set()).add(function.address)
    for number, members in groups.items():
        folder = tree.find(f"/kernel/iommu_groups/{number}/devices")
        assert isinstance(folder, Folder)
        assert set(folder.entries) == members
        owners = {one.spec.name for one in state.devices() if one["iommu.group"] == int(number)}
        assert len(owners) <= 1


def test_a_lost_device_answers_with_ones(states: Callable[[str], State]) -> None:
    state = states("dgx-h100")
    gpu = next(one for one in functions(state) if one.owner is not None)
    tree = build(state, sysfs.CONTRIBUTIONS)
    with state.change() as change:
        change.set("gpu0", "lost", value=True)

    assert config(tree, gpu.folder) == b"\xff" * 4096
    assert text(tree, f"{gpu.folder}/vendor") == "0x10de\n"


def test_only_writable_bits_of_configuration_space_change(states: Callable[[str], State]) -> None:
    state = states("dgx-h100")
    gpu = next(one for one in functions(state) if one.owner is not None)
    tree = build(state, sysfs.CONTRIBUTIONS)
    file = tree.find(f"{gpu.folder}/config")
    assert isinstance(file, File)
    assert file.write_at is not None

    file.write_at(0, b"\0\0\0\0\2\0")

    space = config(tree, gpu.folder)
    assert space[:6] == b"\xde\x10\x30\x23\x02\x00"


def test_errors_of_the_link_are_counted_by_name(states: Callable[[str], State]) -> None:
    state = states("dgx-h100")
    gpu = next(one for one in functions(state) if one.owner is not None)
    with state.change() as change:
        change.set("gpu0", "aer.correctable", {"BadTLP": 2, "Rollover": 1})
    tree = build(state, sysfs.CONTRIBUTIONS)

    lines = text(tree, f"{gpu.folder}/aer_dev_correctable").splitlines()
    assert "BadTLP 2" in lines
    assert lines[-1] == "TOTAL_ERR_COR 3"
    port = gpu.folder.rsplit("/", 3)[0]
    assert text(tree, f"{port}/aer_rootport_total_err_cor") == "3\n"


def test_processors_are_written_as_the_kernel_does(states: Callable[[str], State]) -> None:
    numa = states("dgx-h100").node.machine.numa
    mask = cpu_mask(range(40), numa)

    assert cpu_list([0, 1, 2, 8, 10, 11]) == "0-2,8,10-11"
    assert mask.endswith(",000000ff,ffffffff")
    assert mask.count(",") == (223 // 32)
