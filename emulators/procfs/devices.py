"""/proc/devices: the real drivers of this machine, and those of the emulated hardware.

As the kernel writes it: ordered by major, and the section of block devices at the end.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from drawplate.emulators.devices import numbers, nvidia
from drawplate.emulators.devices.plan import true_nodes
from drawplate.emulators.procfs.facts import branch
from drawplate.emulators.tree.model import Tree

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State

STRUCTURE: frozenset[str] = frozenset()

# Until then the module had one entry, `nvidia-frontend`.
_OWN_NAMES_SINCE = 550

# What the kernel calls the drivers that have these majors.
_NAMES: Mapping[str, tuple[str, ...]] = {
    numbers.DRM: ("drm",),
    numbers.KFD: ("kfd",),
    numbers.MEI: ("mei",),
    numbers.TPU: ("accel",),
    numbers.VFIO_DEVICE: ("vfio-dev",),
    numbers.VFIO_GROUP: ("vfio",),
}
_FIXED: Mapping[int, tuple[str, ...]] = {231: ("infiniband_mad", "infiniband_verbs")}
_NVIDIA_OTHERS = (
    numbers.NVIDIA_UVM,
    numbers.NVIDIA_NVSWITCH,
    numbers.NVIDIA_NVLINK,
    numbers.NVIDIA_CAPS,
    numbers.IMEX_CHANNELS,
)


def contribute(state: "State", tree: Tree) -> None:
    """Put the file; it is made when it is read, since real drivers come and go too."""
    tree.file("/devices", lambda: text(state, numbers.real_text()))


def text(state: "State", real: str) -> str:
    """Give the file, on a machine whose own is `real`."""
    _, separator, blocks = real.partition("Block devices:")
    ours = _ours(state)
    names = {name for _, name in ours}
    # A real driver of the same name is hidden by the emulated one.
    rows = [row for row in numbers.real_drivers(real) if row[1] not in names] + ours
    lines = "".join(f"{major:3d} {name}\n" for major, name in sorted(rows, key=lambda row: row[0]))
    return f"Character devices:\n{lines}\n{separator or 'Block devices:'}{blocks or chr(10)}"


def _ours(state: "State") -> list[tuple[int, str]]:
    major = numbers.here()
    found: list[tuple[int, str]] = []
    if nvidia.loaded(state):
        found += [(major[numbers.NVIDIA], name) for name in _nvidia_names(state)]
        found += [(major[name], name) for name in _NVIDIA_OTHERS]
    used = {node.major for node in true_nodes(state).values()}
    named = {**_FIXED, **{major[own]: names for own, names in _NAMES.items()}}
    found += [(number, name) for number in used & set(named) for name in named[number]]
    return found


def _nvidia_names(state: "State") -> tuple[str, ...]:
    if branch(state) < _OWN_NAMES_SINCE:
        return ("nvidia-frontend",)
    return ("nvidia", "nvidia-modeset", "nvidiactl")
