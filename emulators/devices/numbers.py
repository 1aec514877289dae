"""Major numbers: those that Linux fixes, and dynamic ones that no driver of this machine has.

Fixed ones are in Linux Documentation/admin-guide/devices.txt, and for NVIDIA in nv-linux.h. Dynamic
ones are chosen from the range that the kernel uses when 234 to 254 are taken (511 downwards,
fs/char_dev.c), since what loads later on this machine comes from the other range first.
"""

import functools
from collections.abc import Mapping
from pathlib import Path

PROC_DEVICES = Path("/proc/devices")

NVIDIA = "nvidia"
NVIDIA_UVM = "nvidia-uvm"
NVIDIA_NVSWITCH = "nvidia-nvswitch"
NVIDIA_NVLINK = "nvidia-nvlink"
NVIDIA_CAPS = "nvidia-caps"
IMEX_CHANNELS = "nvidia-caps-imex-channels"
KFD = "kfd"
DRM = "drm"
ACCEL = "accel"
MISC = "misc"
VFIO_GROUP = "vfio"
VFIO_DEVICE = "vfio-dev"
MEI = "mei"
TPU = "accel-tpu"

_FIXED = {NVIDIA: 195, DRM: 226, ACCEL: 261, MISC: 10}
_DYNAMIC = (
    NVIDIA_UVM,
    NVIDIA_NVSWITCH,
    NVIDIA_NVLINK,
    NVIDIA_CAPS,
    IMEX_CHANNELS,
    KFD,
    VFIO_GROUP,
    VFIO_DEVICE,
    MEI,
    TPU,
)
# These share their major with real devices; their minors are chosen so that they do not meet.
_SHARED = {DRM, ACCEL, MISC}
_FROM, _TO = 511, 384


def majors(real: str) -> Mapping[str, int]:
    """Give the major of every driver, on a machine whose /proc/devices is `real`."""
    taken = {major for major, _ in real_drivers(real)}
    free = (number for number in range(_FROM, _TO - 1, -1) if number not in taken)
    chosen = {
        name: next(free) if number in taken and name not in _SHARED else number
        for name, number in _FIXED.items()
    }
    return chosen | {name: next(free) for name in _DYNAMIC}


def real_drivers(real: str) -> list[tuple[int, str]]:
    """Give the character devices of a /proc/devices: major and name."""
    characters, _, _ = real.partition("Block devices:")
    rows = (line.split(maxsplit=1) for line in characters.splitlines())
    return [(int(row[0]), row[1]) for row in rows if len(row) > 1 and row[0].isdigit()]


@functools.cache
def here() -> Mapping[str, int]:
    """Give the majors on this machine; they stay as they are while this process runs."""
    return majors(real_text())


def real_text() -> str:
    """Give this machine's own /proc/devices."""
    try:
        return PROC_DEVICES.read_text(encoding="utf-8")
    except OSError:
        return "Character devices:\n\nBlock devices:\n"
