"""Attaches the emulated /sys and /proc to a node."""

import functools
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators import pci_ids
from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.sysfs import iommu, numa, removal
from drawplate.emulators.tree import procfs, sysfs
from drawplate.emulators.tree.model import PAGE
from drawplate.emulators.tree.surface import StaticSurface, TreeSurface

if TYPE_CHECKING:
    from drawplate.emulators.node import Node
    from drawplate.emulators.tree.model import Contributor

_log = logging.getLogger(__name__)

# Which folder shows through: a path, or `none`.
LOWER = "tree.lower"
# Whether memory nodes and processors are the machine file's: `yes`, or this machine's own.
NUMA = "tree.numa"
WITHOUT_FUSE = "fuse"


def attach(node: "Node") -> None:
    """Show /sys at root/sys and the drivers' part of /proc at root/proc.

    Options: `tree.lower` (the real /sys by default) and `tree.numa`. Without `fuse`, or where FUSE
    cannot be used, the trees are plain files.
    """
    state = node.state
    state.rules += [removal.settle, iommu.assign]
    with state.change("groups", quiet=True) as change:
        iommu.assign(change)
    pci_ids.write(state.node, node.settings.root)
    contributions = _with_numa(node)
    root, source = node.settings.root, f"drawplate-{node.settings.name}"
    if not _uses_fuse(node):
        node.surfaces.append(StaticSurface("sysfs", contributions, root / "sys"))
        node.surfaces.append(StaticSurface("proc", procfs.CONTRIBUTIONS, root / "proc"))
        return
    make = functools.partial(TreeSurface, source=source)
    node.surfaces.append(
        make("sysfs", contributions, root / "sys", lower=_lower(node), file_size=PAGE)
    )
    # The kernel says 0 there, but FUSE gives sendfile(2) no more than the size that it was told.
    proc = make("proc", procfs.CONTRIBUTIONS, root / "proc", lower=None, file_size=PAGE)
    node.surfaces.append(proc)


def _uses_fuse(node: "Node") -> bool:
    if WITHOUT_FUSE in node.settings.without:
        return False
    # libfuse is loaded with the module.
    try:
        from drawplate.emulators.tree.mount import availability  # noqa: PLC0415
    except OSError as error:
        _log.warning("without FUSE: %s", error)
        return False
    found = availability()
    if not found.usable:
        _log.warning("without FUSE: %s", found.reason)
    return found.usable


def _lower(node: "Node") -> Path | None:
    said = node.settings.options.get(LOWER, "/sys")
    return None if said == "none" else Path(said)


def _with_numa(node: "Node") -> "tuple[Contributor, ...]":
    said = node.settings.options.get(NUMA, "no")
    if said not in {"yes", "no"}:
        raise SetupProblem(
            f"{NUMA} is {said!r}", where="--option", cure=f"write {NUMA}=yes or {NUMA}=no"
        )
    return (*sysfs.CONTRIBUTIONS, numa) if said == "yes" else sysfs.CONTRIBUTIONS
