"""What a node has of a driver while no claim is prepared, and what a test left beyond that."""

from collections.abc import Collection, Mapping

from drawplate.conformance.cluster.nodefiles import files_of, name_of
from drawplate.conformance.problems import Inconclusive
from drawplate.fixtures.clusters.provider import Node

CDI_FOLDERS = ("/etc/cdi", "/var/run/cdi")

# Mode and content.
FileState = tuple[int, bytes]


class NodeState:
    """The CDI folders of a node; `remember` says which state is the right one.

    Where nobody may look at the node's files, every state is as right as any other: tests that
    look at them are not applicable there.
    """

    def __init__(self, node: Node, right: Mapping[str, FileState] | None = None) -> None:
        """Look at a node; `right` is what another process of the run remembers of it."""
        self._files = files_of(node)
        self.right: Mapping[str, FileState] = right or {}

    def remember(self) -> None:
        """Take the state of now for the right one."""
        self.right = self.files()

    def files(self) -> Mapping[str, FileState]:
        """Give all files of the CDI folders, by the path on the node."""
        if self._files is None:
            return {}
        return {
            path: state
            for folder in CDI_FOLDERS
            for path, state in self._files.contents(folder).items()
        }

    def surplus(self) -> list[str]:
        """Give the files that are new, and those with another content than the right one.

        Raises Inconclusive where nobody may look.
        """
        if self._files is None:
            raise Inconclusive("the node's CDI folders cannot be seen without node access")
        return self._surplus()

    def names_any(self, uids: Collection[str]) -> bool:
        """Say whether a file is not right, and names one of these claims in its name or content."""
        return any(
            uid in path or uid.encode() in state[1]
            for path, state in self.files().items()
            if not self._is_right(path, state)
            for uid in uids
        )

    def is_right(self) -> bool:
        """Say whether the state is the right one again."""
        return not self._surplus() and not set(self.right) - set(self.files())

    def clear(self) -> None:
        """Delete the files that do not belong to the right state."""
        for path in self.files():
            if path not in self.right and self._files:
                self._files.remove(path)

    def _surplus(self) -> list[str]:
        return sorted(
            name_of(path) for path, state in self.files().items() if not self._is_right(path, state)
        )

    def _is_right(self, path: str, state: FileState) -> bool:
        return path in self.right and self.right[path][1] == state[1]
