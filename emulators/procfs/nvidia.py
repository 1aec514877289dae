"""/proc/driver/nvidia: the driver's version and parameters, and a folder for each of its GPUs."""

from functools import partial
from typing import TYPE_CHECKING

from drawplate.emulators.devices import nvidia
from drawplate.emulators.procfs.facts import branch, facts
from drawplate.emulators.sysfs.functions import functions
from drawplate.emulators.sysfs.pci import irq_of
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State

STRUCTURE = nvidia.STRUCTURE

_ROOT = "/driver/nvidia"
_REGISTRY = 'Binary: ""\n'
_POWER = """\
Runtime D3 status:          Disabled by default
Video Memory:               Active

GPU Hardware Support:
 Video Memory Self Refresh: Not Supported
 Video Memory Off:          Not Supported

Power Limits:
 Default:                   N/A milliwatts
 GPU Boost:                 N/A milliwatts
"""
# What the module shows of a GPU that it could not ask (rm_get_gpu_uuid, rm_get_vbios_version).
_NO_UUID = "GPU-????????-????-????-????-????????????"
_NO_VBIOS = "??.??.??.??.??"


def contribute(state: "State", tree: Tree) -> None:
    """Put the driver's files, as long as it is loaded."""
    if not nvidia.loaded(state):
        return
    tree.file(f"{_ROOT}/version", partial(version_text, state))
    tree.file(f"{_ROOT}/params", params_text())
    tree.file(f"{_ROOT}/registry", _REGISTRY)
    tree.file(f"{_ROOT}/suspend", "suspend hibernate resume\n")
    tree.file(f"{_ROOT}/suspend_depth", "default modeset uvm\n")
    for name in ("gpus", "patches", "warnings"):
        tree.folder(f"{_ROOT}/{name}")
    for gpu in nvidia.bound(state):
        folder = f"{_ROOT}/gpus/{gpu.spec.address}"
        tree.belongs(folder, gpu.name)
        tree.file(f"{folder}/information", partial(information, state, gpu))
        tree.file(f"{folder}/registry", _REGISTRY)
        tree.file(f"{folder}/power", _POWER)


def version_text(state: "State") -> str:
    """Give the file `version` (nv_procfs_read_version)."""
    words = facts()["version"]
    old = {gpu.spec.profile.architecture for gpu in state.devices(kind=nvidia.KIND, absent=True)}
    closed = branch(state) < words["open_since"] or old & set(words["closed_architectures"])
    said = words["closed" if closed else "open"].format(
        arch=state.node.machine.arch, version=nvidia.version(state)
    )
    return f"NVRM version: {said}\nGCC version:  {words['compiler']}\n"


def params_text() -> str:
    """Give the file `params`: numbers bare, texts in quotes (nv_procfs_read_params)."""
    rows = facts()["params"].items()
    shown = ((name, f'"{it}"' if isinstance(it, str) else it) for name, it in rows)
    return "".join(f"{name}: {value}\n" for name, value in shown)


def information(state: "State", gpu: "Device") -> str:
    """Give the file `information` of a GPU (nv_procfs_read_gpu_info), whitespace as there."""
    bits = facts()["dma_bits"].get(gpu.spec.profile.architecture, facts()["later_dma_bits"])
    lost = gpu["lost"]
    irq = next((irq_of(one) for one in functions(state) if one.owner is gpu), 0)
    firmware = nvidia.version(state) if gpu["gsp.firmware"] == 1 else "N/A"
    rows = (
        ("Model: \t\t", gpu["name"]),
        ("IRQ:   \t\t", irq),
        ("GPU UUID: \t", _NO_UUID if lost else gpu["uuid"]),
        ("Video BIOS: \t", _NO_VBIOS if lost else gpu["vbios"].lower()),
        ("Bus Type: \t", "PCIe"),
        ("DMA Size: \t", f"{bits} bits"),
        ("DMA Mask: \t", f"0x{(1 << bits) - 1:x}"),
        ("Bus Location: \t", gpu.spec.address),
        ("Device Minor: \t", nvidia.minor_of(gpu)),
        ("GPU Firmware: \t", firmware),
        ("GPU Excluded:\t", "No"),
    )
    return "".join(f"{name} {value}\n" for name, value in rows)
