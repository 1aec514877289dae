"""SR-IOV in sysfs: how many virtual functions a device has, and which function belongs to which.

Linux Documentation/ABI/testing/sysfs-bus-pci, drivers/pci/iov.c; of any device with the capability.
"""

from functools import partial
from typing import TYPE_CHECKING

from drawplate.emulators.nic.virtual_functions import functions_of, most, number_of, set_numvfs
from drawplate.emulators.refusals import Reason, Refused
from drawplate.emulators.sysfs.attributes import number
from drawplate.emulators.sysfs.functions import folder_of
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State

# Which functions there are changes with the devices themselves.
STRUCTURE: frozenset[str] = frozenset()


def contribute(state: "State", tree: Tree) -> None:
    """Put the files of physical functions, and the links between the two kinds."""
    for device in state.devices():
        if most(device) and device.spec.parent is None:
            _put_files(state, tree, device)
            for function in functions_of(state, device):
                if function.present:
                    _put_links(tree, device, function)


def _put_files(state: "State", tree: Tree, device: "Device") -> None:
    folder, sriov = folder_of(device.spec), device.spec.options["sriov"]
    tree.file(f"{folder}/sriov_totalvfs", f"{most(device)}\n")
    tree.file(
        f"{folder}/sriov_numvfs",
        lambda: f"{device['sriov.numvfs']}\n",
        write=partial(_write_numvfs, state, device),
    )
    tree.file(f"{folder}/sriov_offset", f"{sriov['offset']}\n")
    tree.file(f"{folder}/sriov_stride", f"{sriov['stride']}\n")
    tree.file(f"{folder}/sriov_vf_device", f"{_function_id(state, device)}\n")
    tree.file(f"{folder}/sriov_vf_total_msix", "0\n")
    tree.file(
        f"{folder}/sriov_drivers_autoprobe",
        lambda: f"{int(device['sriov.autoprobe'])}\n",
        write=partial(_write_autoprobe, state, device),
    )


def _put_links(tree: Tree, device: "Device", function: "Device") -> None:
    own, other = folder_of(device.spec), folder_of(function.spec)
    tree.link(f"{own}/virtfn{number_of(function)}", other)
    tree.link(f"{other}/physfn", own)
    tree.file(f"{other}/sriov_vf_msix_count", "0\n", mode=0o200)


def _function_id(state: "State", device: "Device") -> str:
    named = device.spec.profile.pci.virtual_function
    return state.node.machine.profile(named).pci.device if named else "0"


def _write_numvfs(state: "State", device: "Device", text: str) -> None:
    count = number(text)
    with state.change(f"sriov_numvfs of {device.name}") as change:
        set_numvfs(change, device, count)


def _write_autoprobe(state: "State", device: "Device", text: str) -> None:
    # kstrtobool(): the first letter decides.
    first = text.strip("\0\n")[:2].lower()
    on, off = first[:1] in {"1", "y", "t"} or first == "on", first[:1] in {"0", "n", "f"}
    if not on and not off and first != "of":
        raise Refused(Reason.INVALID, f"{text!r} is neither yes nor no")
    with state.change(f"sriov_drivers_autoprobe of {device.name}") as change:
        change.set(device, "sriov.autoprobe", on)
