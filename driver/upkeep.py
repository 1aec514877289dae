"""Keeps in place what others may remove from the host: the sockets and the CDI files."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from drawplate.driver.core import Core
from drawplate.driver.sockets import Socket
from drawplate.driver.watching import changes

_log = logging.getLogger(__name__)


class Upkeep:
    """Looks after sockets and CDI files whenever something changes in their folders."""

    def __init__(self, sockets: Sequence[Socket], core: Core, cdi: Path) -> None:
        self._sockets = sockets
        self._core = core
        self._cdi = cdi

    def run(self, stop: threading.Event) -> None:
        """Look after them until `stop` is set."""
        for _ in changes(self._folders, stop):
            if not stop.is_set():
                self.look_after()

    def look_after(self) -> None:
        """Put back what is missing now."""
        for socket in self._sockets:
            try:
                socket.ensure()
            except OSError as error:
                # The liveness check fails as long as this lasts, so the pod is started anew.
                extra = {"path": str(socket.path), "error": str(error)}
                _log.error("cannot put a socket back", extra=extra)
        self._core.restore()

    def _folders(self) -> list[Path]:
        return [*(socket.path.parent for socket in self._sockets), self._cdi]
