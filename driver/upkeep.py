"""Keeps in place what others may remove from the host: the sockets and the CDI files."""

import logging
import threading
from collections.abc import Sequence
from pathlib import Path

from drawplate.driver.core import Core
from drawplate.driver.pace import Pace
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
        pace = Pace(burst=20, seconds=1.0)
        for _ in changes(self._folders, stop):
            # What is put back is a change again: an opponent, or a failure, must not run hot.
            stop.wait(pace.delay())
            if not stop.is_set() and self.look_after():
                pace.spend()

    def look_after(self) -> bool:
        """Put back what is missing now; tell whether anything was."""
        mended = self._core.restore()
        if mended:
            _log.warning("CDI files were gone or changed and are back", extra={"files": mended})
        lost = [socket for socket in self._sockets if not socket.in_place()]
        for socket in lost:
            try:
                socket.ensure()
            except OSError as error:
                # The liveness check fails as long as this lasts, so the pod is started anew.
                extra = {"path": str(socket.path), "error": str(error)}
                _log.error("cannot put a socket back", extra=extra)
        return bool(mended or lost)

    def _folders(self) -> list[Path]:
        return [*(socket.path.parent for socket in self._sockets), self._cdi]
