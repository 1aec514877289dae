"""The surfaces that show a tree: as a FUSE mount, or as plain files where there is no FUSE."""

import functools
import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.tree.contributions import build, structural
from drawplate.emulators.tree.filesystem import FileSystem
from drawplate.emulators.tree.model import Contributor, Tree
from drawplate.emulators.tree.mount import Mount
from drawplate.emulators.tree.rules import CallRules
from drawplate.emulators.tree.static import Files
from drawplate.emulators.tree.synthetic import announce
from drawplate.emulators.tree.view import View

if TYPE_CHECKING:
    from drawplate.emulators.state.change import Changes
    from drawplate.emulators.state.model import State

_log = logging.getLogger(__name__)


# How late plain files may follow what time changes by itself.
_QUIET_SECONDS = 5.0


class TreeSurface:
    """A tree at a folder, by FUSE: contents are live, writes act, call rules apply."""

    def __init__(  # noqa: PLR0913 - each says something that the others do not
        self,
        name: str,
        contributions: tuple[Contributor, ...],
        where: Path,
        *,
        lower: Path | None,
        file_size: int,
        source: str,
    ) -> None:
        """Prepare to show the tree at `where`, over `lower`; `name` is the surface of rules."""
        self.name = name
        self.seen = 0
        self._contributions = contributions
        self._where, self._lower = where, lower
        self._file_size, self._source = file_size, source
        self._state: State | None = None
        self._view: View | None = None
        self._mount: Mount | None = None
        self._rules: CallRules | None = None

    @property
    def tree(self) -> Tree:
        """The tree as it is now. Raises SetupProblem before the start."""
        if self._view is None:
            raise SetupProblem(f"{self.name} is not shown", cure="start the node first")
        return self._view.tree

    def start(self, state: "State") -> None:
        """Build the tree and mount it. Raises SetupProblem."""
        self._state = state
        try:
            self._view = View(build(state, self._contributions), self._lower)
        except OSError as error:
            raise SetupProblem(
                f"the lower tree cannot be opened: {error.strerror}",
                where=str(self._lower),
                cure="give an existing folder, or none",
            ) from None
        self._view.announce = functools.partial(announce, state)
        self._rules = CallRules(state, self.name)
        filesystem = FileSystem(self._view, self._rules, file_size=self._file_size)
        self._mount = Mount(self._where, filesystem, self._source)
        self._mount.start()

    def apply(self, changes: "Changes") -> None:
        """Build the tree anew when paths came or went; contents follow by themselves."""
        if self._state and self._view and structural(changes, self._contributions):
            self._view.tree = build(self._state, self._contributions)
        self.seen = changes.generation

    def stop(self) -> None:
        """Unmount."""
        if self._rules is not None:
            self._rules.stopping.set()
        if self._mount is not None:
            self._mount.stop()
        if self._view is not None:
            self._view.close()
        self._mount = self._view = None


class StaticSurface:
    """A tree as plain files and links in a folder, for machines without FUSE.

    What is written there does nothing, and call rules do not apply. A thread of its own brings
    the files up to date after a change, so that nobody waits for a disk; those that follow time by
    themselves, such as temperatures, a few seconds later.
    """

    def __init__(self, name: str, contributions: tuple[Contributor, ...], where: Path) -> None:
        """Prepare to write the tree to `where`."""
        self.name = name
        self.seen = 0
        self.tree = Tree()
        self._contributions = contributions
        self._where = where
        self._files = Files(where)
        self._state: State | None = None
        self._wanted = threading.Event()
        self._writing = self._stale = False
        self._rebuilding = True
        self._ending = False
        self._thread: threading.Thread | None = None

    def start(self, state: "State") -> None:
        """Write everything. Raises SetupProblem when the folder cannot be written."""
        self._state = state
        try:
            self._write(state)
        except OSError as error:
            raise SetupProblem(
                f"cannot write the emulated files: {error.strerror}",
                where=str(self._where),
                cure="choose a folder that can be written",
            ) from None
        self._thread = threading.Thread(target=self._follow, name=self.name, daemon=True)
        self._thread.start()

    def apply(self, changes: "Changes") -> None:
        """Ask for the files to be brought up to date."""
        moved = structural(changes, self._contributions)
        if changes.quiet and not moved:
            self._stale = True
            if not (self._wanted.is_set() or self._writing):
                self.seen = changes.generation
            return
        self._rebuilding |= moved
        self._wanted.set()

    def stop(self) -> None:
        """Remove the files."""
        self._ending = True
        self._wanted.set()
        if self._thread is not None:
            self._thread.join()
        self._thread = None
        self._files.remove()

    def _follow(self) -> None:
        while True:
            wanted = self._wanted.wait(_QUIET_SECONDS)
            if self._ending:
                return
            self._writing = True
            self._wanted.clear()
            if self._state is not None and (wanted or self._stale):
                self._stale = False
                self._try(self._state)
            self._writing = False

    def _try(self, state: "State") -> None:
        try:
            self._write(state)
        except OSError:
            _log.exception("the files below %s are not up to date", self._where)
        state.surface_moved()

    def _write(self, state: "State") -> None:
        with state.lock:
            generation = state.generation
            if self._rebuilding:
                self.tree = build(state, self._contributions)
            self._rebuilding = False
        self._files.write(self.tree)
        self.seen = max(self.seen, generation)
