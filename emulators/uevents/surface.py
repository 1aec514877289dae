"""The surface that tells of what came, went, was bound and changed, as the kernel does."""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from drawplate.emulators.sysfs.functions import folder_of
from drawplate.emulators.tree.contributions import structural
from drawplate.emulators.tree.model import Contributor, Folder, Tree
from drawplate.emulators.uevents.messages import Kobject, Message, between, kobject, kobjects
from drawplate.emulators.uevents.sender import Sender

if TYPE_CHECKING:
    from drawplate.emulators.state.change import Changes, Event
    from drawplate.emulators.state.model import State

_log = logging.getLogger(__name__)

# An event of the state by this name is a message: `action`, `path` (or the event's device), and
# keys in capitals.
EVENT = "uevent"


class Uevents:
    """Hot-plug messages of one node; nothing is sent for what is there at the start."""

    def __init__(
        self,
        tree: Callable[[], Tree],
        contributions: tuple[Contributor, ...],
        namespaces: tuple[str, ...],
    ) -> None:
        """Compare what `tree` gives after each change of paths, and send to the namespaces.

        `contributions` are what the tree is built from.
        """
        self._contributions = contributions
        self.name = "uevents"
        self.seen = 0
        self._tree = tree
        self._namespaces = namespaces
        self._senders: list[Sender] = []
        self._shown = Tree()
        self._known: dict[str, Kobject] = {}
        self._state: State | None = None

    def start(self, state: "State") -> None:
        """Open the sockets. Raises SetupProblem."""
        self._state = state
        self._senders = [Sender(namespace) for namespace in self._namespaces]
        self._shown = self._tree()
        self._known = kobjects(self._shown)

    def apply(self, changes: "Changes") -> None:
        """Send what follows from a change."""
        if structural(changes, self._contributions):
            self._shown = self._tree()
            now = kobjects(self._shown)
            for message in between(self._known, now):
                self._send(message)
            self._known = now
        for event in changes.events:
            if event.name == EVENT:
                self._tell(self._shown, event)
        self.seen = changes.generation

    def stop(self) -> None:
        """Close the sockets."""
        for sender in self._senders:
            sender.close()
        self._senders = []

    def _tell(self, tree: Tree, event: "Event") -> None:
        path = event.data.get("path") or self._path_of(event.device)
        folder = tree.find(path) if path else None
        one = kobject(path, folder) if isinstance(folder, Folder) else None
        if one is not None:
            self._send(one.message(str(event.data.get("action", "change")), _keys(event.data)))

    def _path_of(self, device: str | None) -> str:
        if device is None or self._state is None:
            return ""
        return folder_of(self._state.device(device).spec)

    def _send(self, message: Message) -> None:
        for sender in self._senders:
            try:
                sender.send(message)
            except OSError as error:
                _log.warning("%s of %s was not sent: %s", message.action, message.path, error)


def _keys(data: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(value) for key, value in data.items() if key.isupper()}
