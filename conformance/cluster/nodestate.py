"""What a node has of a driver while no claim is prepared, and what a test left beyond that."""

from pathlib import Path

from drawplate.conformance.bench.cdi import CdiCache, FileState
from drawplate.fixtures.clusters.provider import Node

CDI_FOLDERS = ("/etc/cdi", "/var/run/cdi")


class NodeState:
    """The CDI folders of a node; `remember` says which state is the right one."""

    def __init__(self, node: Node) -> None:
        """Look at a node."""
        self._node = node
        self._right: dict[Path, FileState] = {}

    def remember(self) -> None:
        """Take the state of now for the right one."""
        self._right = self.files()

    def files(self) -> dict[Path, FileState]:
        """Give all files of the CDI folders, by the path on this machine."""
        return CdiCache([self._node.path(folder) for folder in CDI_FOLDERS]).snapshot()

    def surplus(self) -> list[str]:
        """Give the files that are new, and those with another content than the right one."""
        return sorted(
            state.name for path, state in self.files().items() if not self._is_right(path, state)
        )

    def is_right(self) -> bool:
        """Say whether the state is the right one again."""
        return not self.surplus() and not set(self._right) - set(self.files())

    def clear(self) -> None:
        """Delete the files that do not belong to the right state."""
        for path in self.files():
            if path not in self._right:
                path.unlink(missing_ok=True)

    def _is_right(self, path: Path, state: FileState) -> bool:
        return path in self._right and self._right[path].content == state.content
