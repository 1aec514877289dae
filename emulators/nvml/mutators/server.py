"""The socket by which the library lets the one writer change the hardware: nvml.sock."""

import contextlib
import selectors
import socket
import struct
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.nvml.mutators.dispatch import Dispatcher
from drawplate.emulators.nvml.mutators.request import LONGEST
from drawplate.emulators.problems import SetupProblem

if TYPE_CHECKING:
    from drawplate.emulators.state.change import Changes
    from drawplate.emulators.state.model import State

_CREDENTIALS = struct.Struct("iII")
# More than this many at a time are turned away, so that file descriptors do not run out.
_MOST_CLIENTS = 512


class Mutators:
    """Serves nvml.sock in one thread; a surface, though it shows nothing by itself."""

    name = "nvml-mutators"

    def __init__(self, path: Path) -> None:
        """Serve at `path`, once it is started."""
        self.path = path
        self.seen = 0
        self._thread: threading.Thread | None = None
        self._wake: socket.socket | None = None

    def start(self, state: "State") -> None:
        """Listen. Raises SetupProblem when the socket cannot be made."""
        listener = self._listen()
        self._wake, woken = socket.socketpair()
        loop = _Loop(listener, woken, Dispatcher(state))
        self._thread = threading.Thread(target=loop.run, name="nvml.sock", daemon=True)
        self._thread.start()

    def apply(self, changes: "Changes") -> None:
        """Nothing is to be shown."""
        self.seen = changes.generation

    def stop(self) -> None:
        """End all connections and take the socket away."""
        if self._wake is None or self._thread is None:
            return
        self._wake.close()
        self._thread.join()
        self._wake = self._thread = None
        self.path.unlink(missing_ok=True)

    def _listen(self) -> socket.socket:
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.path.unlink(missing_ok=True)
            listener.bind(str(self.path))
            # Who may set what is for each call to decide, as it is with real hardware.
            self.path.chmod(0o666)
        except OSError as error:
            listener.close()
            raise SetupProblem(
                f"cannot listen: {error.strerror or error}",
                where=str(self.path),
                cure="choose a folder with a shorter path that can be written to",
            ) from None
        listener.listen(128)
        return listener


class _Loop:
    """All connections in one thread: a call is short, and changes are made one after another."""

    def __init__(
        self, listener: socket.socket, woken: socket.socket, dispatcher: Dispatcher
    ) -> None:
        self._listener = listener
        self._woken = woken
        self._dispatcher = dispatcher
        self._selector = selectors.DefaultSelector()
        # The user and the process at the other end.
        self._users: dict[socket.socket, tuple[int, int]] = {}

    def run(self) -> None:
        """Serve until the other end of `woken` is closed."""
        for one in (self._listener, self._woken):
            self._selector.register(one, selectors.EVENT_READ)
        while self._turn():
            pass
        self._selector.close()
        for one in (self._listener, self._woken, *self._users):
            one.close()

    def _turn(self) -> bool:
        for key, _ in self._selector.select():
            if key.fileobj is self._woken:
                return False
            if key.fileobj is self._listener:
                self._accept()
            elif isinstance(key.fileobj, socket.socket) and not self._serve(key.fileobj):
                self._end(key.fileobj)
        return True

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            client, _ = self._listener.accept()
            if len(self._users) >= _MOST_CLIENTS:
                client.close()
                return
            client.settimeout(0)
            data = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
            process, user, _ = _CREDENTIALS.unpack(data)
            self._users[client] = user, process
            self._selector.register(client, selectors.EVENT_READ)

    def _serve(self, client: socket.socket) -> bool:
        """Answer one message; tell whether the connection goes on."""
        try:
            message = client.recv(LONGEST + 1)
            if not message or len(message) > LONGEST:
                return False
            client.send(self._dispatcher.answer(message, *self._users[client]))
        except OSError:
            # Also a client that does not take its answers: it is not waited for.
            return False
        return True

    def _end(self, client: socket.socket) -> None:
        self._selector.unregister(client)
        del self._users[client]
        client.close()
