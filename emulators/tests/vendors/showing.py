"""A machine's state, and what /sys and /proc show of it, read without mounting anything."""

import posixpath
from collections.abc import Callable
from pathlib import Path

from drawplate.emulators.machine.placed import place
from drawplate.emulators.machine.shipped import load
from drawplate.emulators.state.model import State
from drawplate.emulators.sysfs import amd_partitions, iommu, kfd_processes, removal
from drawplate.emulators.tree import procfs, sysfs
from drawplate.emulators.tree.contributions import build
from drawplate.emulators.tree.model import Contributor, File, Link, Tree

REAL_DEVICES = """\
Character devices:
  1 mem
 10 misc
511 rtc-of-the-test

Block devices:
  7 loop
259 blkext
"""


class Shown:
    """A machine's state, and what /sys and /proc would show of it at this moment."""

    def __init__(self, machine: str) -> None:
        self.state = State(place(load(machine), "n1"))
        amd_partitions.install(self.state)
        self.state.rules += [removal.settle, iommu.assign, kfd_processes.follow]
        with self.state.change("groups") as change:
            iommu.assign(change)

    def sys(self) -> Tree:
        return build(self.state, sysfs.CONTRIBUTIONS)

    def proc(self) -> Tree:
        return build(self.state, procfs.CONTRIBUTIONS)

    def read(self, tree: Tree, path: str) -> str:
        entry = tree.find(resolve(tree, path))
        assert isinstance(entry, File), path
        return entry.read().decode()

    def write(self, tree: Tree, path: str, text: str) -> None:
        entry = tree.find(resolve(tree, path))
        assert isinstance(entry, File)
        assert entry.write is not None, f"{path} cannot be written"
        entry.write(text)


def resolve(tree: Tree, path: str) -> str:
    """Follow the links of a path, as the kernel would."""
    done = ""
    for name in path.strip("/").split("/"):
        done = f"{done}/{name}"
        entry = tree.find(done)
        if isinstance(entry, Link):
            target = posixpath.normpath(posixpath.join(posixpath.dirname(done), entry.target))
            done = resolve(tree, target)
    return done


def names(tree: Tree, folder: str) -> list[str]:
    """List a folder."""
    entry = tree.find(resolve(tree, folder))
    return sorted(getattr(entry, "entries", ()))


Show = Callable[[str], Shown]
Mounted = Callable[[State, str, tuple[Contributor, ...]], Path]
