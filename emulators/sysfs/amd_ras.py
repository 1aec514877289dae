"""Errors that an AMD GPU found (RAS): counters by block, and retired pages.

Formats: Linux Documentation/gpu/amdgpu/ras.rst and amdgpu_ras.c.
"""

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drawplate.emulators.state.device import Device
    from drawplate.emulators.tree.model import Tree

# Blocks in the order of enum amdgpu_ras_block; the MI300 supports these.
_BLOCKS = {"umc": 0, "sdma": 1, "gfx": 2, "mmhub": 3, "xgmi_wafl": 7}


def put(tree: "Tree", folder: str, gpu: "Device") -> None:
    """Put the folder `ras`."""
    mask = sum(1 << bit for bit in _BLOCKS.values())
    tree.file(f"{folder}/ras/features", f"feature mask: 0x{mask:x}\n")
    tree.file(f"{folder}/ras/version", "table version: 0x30000\n")
    tree.file(f"{folder}/ras/schema", "schema: 0x7f\n")
    tree.file(f"{folder}/ras/event_state", "current event_state: enabled\n")
    for block in _BLOCKS:
        tree.file(f"{folder}/ras/{block}_err_count", partial(_counts, gpu, block))
    tree.file(f"{folder}/ras/gpu_vram_bad_pages", partial(_pages, gpu))


def _counts(gpu: "Device", block: str) -> str:
    errors = gpu["ras.errors"].get(block, {})
    return f"ue: {errors.get('ue', 0)}\nce: {errors.get('ce', 0)}\n"


def _pages(gpu: "Device") -> str:
    rows = gpu["ras.retired"]
    return "".join(
        f"0x{row['address']:08x} : 0x{row['size']:08x} : {row['flag']}\n" for row in rows
    )
