"""NVIDIA's device nodes: GPUs, control, unified memory, capabilities, IMEX channels, NVSwitches.

Numbers are those of nv-linux.h, nv-caps.c and uvm_linux.c of the open kernel modules: on the
driver's own major the GPUs have their minors, 255 is the control device and 254 modeset.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drawplate.emulators.devices import binding, numbers
from drawplate.emulators.devices.node_plan import NodePlan
from drawplate.emulators.mig import minors
from drawplate.emulators.state.device import NODE

if TYPE_CHECKING:
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.state.model import State

KIND = "nvidia-gpu"
KERNEL_DRIVER = "nvidia"
CONTROL, MODESET = 255, 254
NVSWITCH_CONTROL = 255

IMEX_CHANNELS = "imex.channels"
STRUCTURE = binding.STRUCTURE | {"minor", "mig.instances", "driver.loaded", IMEX_CHANNELS}

# On a node, by what they connect; those after Hopper have no nodes of their own.
_SWITCHES = {"Volta": 12, "Ampere": 6, "Hopper": 4}

# Modes in octal: only root configures MIG, everyone may see whether there is an instance.
_CONFIG, _ACCESS = 0o400, 0o444


def bound(state: "State") -> list["Device"]:
    """Give the GPUs that the driver has, in their order."""
    return binding.bound(state, {KERNEL_DRIVER}, KIND)


def loaded(state: "State") -> bool:
    """Tell whether the driver is loaded: there is a GPU for it, and nobody unloaded it."""
    node = state.device(NODE)
    wanted = any(one.spec.kind == KIND for one in state.all_devices.values())
    return wanted and bool(node["driver.loaded"])


def version(state: "State") -> str:
    """Give the driver's version: what the state says, else the machine file."""
    node = state.device(NODE)
    said = str(node["driver.version"])
    gpus = state.devices(kind=KIND, absent=True)
    return said or state.node.machine.driver[gpus[0].spec.profile.driver]


def minor_of(gpu: "Device") -> int:
    """Give the number N of /dev/nvidiaN."""
    return int(gpu["minor"])


def can_mig(gpu: "Device") -> bool:
    """Tell whether the model can be partitioned."""
    section = gpu.spec.profile.nvidia
    return section is not None and section.mig is not None


def mig_capabilities(gpu: "Device") -> Iterator[tuple[str, int]]:
    """Give the capabilities of the GPU's MIG instances: `gi1/access`, `gi1/ci0/access`; minors."""
    for instance in gpu["mig.instances"]:
        gi = instance["gi"]
        yield f"gi{gi}/access", minors.minor(minor_of(gpu), gi)
        for compute in instance["compute"]:
            ci = compute["ci"]
            yield f"gi{gi}/ci{ci}/access", minors.minor(minor_of(gpu), gi, ci)


def nodes(state: "State") -> Iterator[NodePlan]:
    """Give the nodes that the driver's tools make for the GPUs that it has."""
    if not loaded(state):
        return
    major = numbers.here()
    gpus = bound(state)
    yield NodePlan("nvidiactl", major[numbers.NVIDIA], CONTROL)
    yield NodePlan("nvidia-modeset", major[numbers.NVIDIA], MODESET)
    yield NodePlan("nvidia-uvm", major[numbers.NVIDIA_UVM], 0)
    yield NodePlan("nvidia-uvm-tools", major[numbers.NVIDIA_UVM], 1)
    for gpu in gpus:
        path = f"nvidia{minor_of(gpu)}"
        yield NodePlan(path, major[numbers.NVIDIA], minor_of(gpu), device=gpu.name)
    yield from _capabilities(gpus, major[numbers.NVIDIA_CAPS])
    yield from _fabric(state, gpus)


def switches(state: "State") -> int:
    """Give how many NVSwitches of the node have device nodes of their own.

    HGX-2 has twelve, boards with eight A100 have six, and those with H100 or H200 have four.
    """
    if state.node.machine.fabric.nvlink != "all-to-all":
        return 0
    return max((_SWITCHES.get(gpu.spec.profile.architecture, 0) for gpu in bound(state)), default=0)


def _capabilities(gpus: list["Device"], major: int) -> Iterator[NodePlan]:
    able = [gpu for gpu in gpus if can_mig(gpu)]
    if able:
        yield _capability(major, minors.CONFIG, _CONFIG)
        yield _capability(major, minors.MONITOR, _ACCESS)
    for gpu in able:
        for _, minor in mig_capabilities(gpu):
            yield _capability(major, minor, _ACCESS, gpu.name)


def _capability(major: int, minor: int, mode: int, device: str | None = None) -> NodePlan:
    return NodePlan(f"nvidia-caps/nvidia-cap{minor}", major, minor, mode, device=device)


def _fabric(state: "State", gpus: list["Device"]) -> Iterator[NodePlan]:
    major = numbers.here()
    for channel in state.device(NODE)[IMEX_CHANNELS]:
        path = f"nvidia-caps-imex-channels/channel{channel}"
        yield NodePlan(path, major[numbers.IMEX_CHANNELS], channel)
    count = switches(state) if gpus else 0
    for number in range(count):
        yield NodePlan(f"nvidia-nvswitch{number}", major[numbers.NVIDIA_NVSWITCH], number)
    if count:
        yield NodePlan("nvidia-nvswitchctl", major[numbers.NVIDIA_NVSWITCH], NVSWITCH_CONTROL)
        yield NodePlan("nvidia-nvlink", major[numbers.NVIDIA_NVLINK], 0)
