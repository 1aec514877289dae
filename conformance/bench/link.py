"""The link between a driver and the API server, which a test can cut and mend."""

import selectors
import socket
import threading
from contextlib import suppress
from types import TracebackType
from typing import Self

CHUNK = 65536


class ApiLink:
    """A TCP forwarder on a free loopback port; TLS passes through untouched.

    `cut()` drops what is open and accepts without answering, as a network that lost its packets:
    only a client with time limits of its own notices. `mend()` lets new connections through.
    """

    def __init__(self, host: str, port: int) -> None:
        """Forward to `host:port`."""
        self._target = (host, port)
        self._open = True
        self._lock = threading.Lock()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def port(self) -> int:
        """Give the port to use instead of the target's."""
        return int(self._listener.getsockname()[1])

    def cut(self) -> None:
        """Drop all connections; new ones are accepted and stay silent."""
        with self._lock:
            self._open = False
        self._drop()

    def mend(self) -> None:
        """Let new connections through; those that were made in between end."""
        self._drop()
        with self._lock:
            self._open = True

    def close(self) -> None:
        """End the forwarder and all that goes through it."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._drop()
        self._thread.join(timeout=5)

    def _drop(self) -> None:
        with self._lock:
            dropped, self._sockets = self._sockets, set()
        for end in dropped:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                self._sockets.add(client)
                through = self._open
            if through:
                threading.Thread(target=self._forward, args=(client,), daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._target, timeout=10)
        except OSError:
            client.close()
            return
        server.settimeout(None)
        with self._lock:
            self._sockets.add(server)
        with suppress(OSError, ValueError):
            _pump(client, server)
        for end in (client, server):
            with self._lock:
                self._sockets.discard(end)
            end.close()


def _pump(client: socket.socket, server: socket.socket) -> None:
    with selectors.DefaultSelector() as ready:
        ready.register(client, selectors.EVENT_READ, server)
        ready.register(server, selectors.EVENT_READ, client)
        while True:
            for key, _ in ready.select():
                source: socket.socket = key.fileobj  # type: ignore[assignment] # we registered it
                data = source.recv(CHUNK)
                if not data:
                    return
                key.data.sendall(data)
