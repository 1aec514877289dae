"""The files of a node as suites use them, whether this machine can open them or an agent must."""

import stat
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar, cast

from drawplate.conformance.cluster.folderwatch import watch_until
from drawplate.fixtures.clusters.provider import Node

Seen = TypeVar("Seen")


class NodeFiles(Protocol):
    """Files by the paths that the node calls them."""

    def read(self, path: str) -> bytes | None:
        """Give what a file holds, None when it is not there."""

    def sockets(self, folder: str) -> Mapping[str, str]:
        """Give the sockets below a folder by path, each with what tells a new one from an old."""

    def contents(self, folder: str) -> Mapping[str, tuple[int, bytes]]:
        """Give mode and content of every file below a folder, by path."""

    def remove(self, path: str) -> None:
        """Delete a file; it may be gone already."""

    def watch_until(
        self, folder: str, probe: Callable[[], Seen | None], budget: float
    ) -> Seen | None:
        """Ask `probe` now and after every change in `folder` until it gives something true.

        Gives None after `budget` seconds.
        """


def files_of(node: Node) -> NodeFiles | None:
    """Give the files of a node; None when nobody here may look at them."""
    if "paths" in node.abilities:
        return OpenFiles(node)
    return cast("NodeFiles | None", getattr(node, "files", None))


@dataclass(frozen=True, slots=True)
class OpenFiles:
    """The files of a node that this machine can open."""

    node: Node

    def read(self, path: str) -> bytes | None:
        """Give what a file holds, None when it is not there."""
        try:
            return self.node.path(path).read_bytes()
        except FileNotFoundError:
            return None

    def sockets(self, folder: str) -> Mapping[str, str]:
        """Give the sockets below a folder by path, each with its inode and time of change."""
        found = {}
        outside = self.node.path(folder)
        for path in outside.rglob("*"):
            with suppress(FileNotFoundError):
                status = path.stat()
                if stat.S_ISSOCK(status.st_mode):
                    inside = f"{folder}/{path.relative_to(outside)}"
                    found[inside] = f"{status.st_ino} {status.st_mtime_ns}"
        return found

    def contents(self, folder: str) -> Mapping[str, tuple[int, bytes]]:
        """Give mode and content of every file below a folder, by path."""
        found = {}
        outside = self.node.path(folder)
        for path in sorted(outside.rglob("*")):
            with suppress(FileNotFoundError):
                if path.is_file():
                    inside = f"{folder}/{path.relative_to(outside)}"
                    found[inside] = (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
        return found

    def remove(self, path: str) -> None:
        """Delete a file; it may be gone already."""
        self.node.path(path).unlink(missing_ok=True)

    def watch_until(
        self, folder: str, probe: Callable[[], Seen | None], budget: float
    ) -> Seen | None:
        """Watch by the kernel's notifications."""
        return watch_until(self.node.path(folder), probe, budget)


def name_of(path: str) -> str:
    """Give the last part of a node's path."""
    return Path(path).name
