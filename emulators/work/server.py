"""Serves `work.sock` to programs on the node and in containers, in one thread."""

import logging
import os
import selectors
import socket
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from drawplate.emulators.state.change import Changes
from drawplate.emulators.state.model import State
from drawplate.emulators.work.peers import Peer, peer_of
from drawplate.emulators.work.session import Session
from drawplate.emulators.work.workshop import Workshop

_log = logging.getLogger(__name__)

# A request is small; a program that sends more without an end of line is not one of ours.
_MOST_BYTES = 65536

# A program that reads nothing may have so many bytes waiting, then it is cut off.
_MOST_WAITING = 16 * 2**20

# The shortest sleep while work is under way: results are told at most so late. Seconds.
_LEAST_SLEEP = 0.001


@dataclass(slots=True, eq=False)
class _Client:
    connection: socket.socket
    peer: Peer
    session: Session | None = None
    received: bytearray = field(default_factory=bytearray)
    sending: deque[bytes] = field(default_factory=deque)
    # Whether it is looked at for room to send.
    waits: bool = False


class WorkServer:
    """A surface that shows nothing of its own: it lets programs work, and tells them of it."""

    name = "work"

    def __init__(self, workshop: Workshop, path: Path) -> None:
        """Nothing happens before `start`."""
        self.seen = 0
        self._workshop = workshop
        self._path = path
        self._selector = selectors.DefaultSelector()
        self._clients: set[_Client] = set()
        self._wake, self._woken = socket.socketpair()
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._thread: threading.Thread | None = None
        self._over = False

    def start(self, state: State) -> None:
        """Listen. A socket that a dead process left behind is replaced."""
        self.seen = state.generation
        part = self._path.with_suffix(".new")
        part.unlink(missing_ok=True)
        self._listener.bind(str(part))
        # Programs in containers run as anybody; what they may use is looked up for each.
        part.chmod(0o666)
        self._listener.listen(128)
        part.replace(self._path)
        for one in (self._listener, self._wake, self._woken):
            one.settimeout(0)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._woken, selectors.EVENT_READ, self._drain)
        self._thread = threading.Thread(target=self._run, name="work", daemon=True)
        self._thread.start()

    def apply(self, changes: Changes) -> None:
        """Look whether somebody is to be told of something."""
        self.seen = changes.generation
        if self._clients:
            self.wake()

    def stop(self) -> None:
        """Close the socket and all connections."""
        self._over = True
        self.wake()
        if self._thread is not None:
            self._thread.join()
        for one in (self._listener, self._wake, self._woken):
            one.close()
        self._path.unlink(missing_ok=True)

    def wake(self) -> None:
        """Let the thread look around."""
        if threading.current_thread() is not self._thread:
            with suppress(OSError):
                self._wake.send(b"!")

    def _run(self) -> None:
        while not self._over:
            # What goes wrong with one program must not end the work of the others.
            try:
                self._turn()
            except Exception:  # noqa: BLE001
                _log.exception("a turn of the work server failed")
        for client in list(self._clients):
            self._end(client)
        self._selector.close()

    def _turn(self) -> None:
        for key, _ in self._selector.select(self._rest()):
            # A client may have gone with an event before this one.
            if key.fd in self._selector.get_map():
                key.data()
        if not self._workshop.idle:
            with self._workshop.state.change("work", quiet=True) as change:
                self._workshop.advance(change)
        for client in list(self._clients):
            self._flush(client)

    def _rest(self) -> float | None:
        """Give the time until something can be done: less is never needed."""
        with self._workshop.state.lock:
            ends = [board.earliest_end() for board in self._workshop.boards]
            left = min((end for end in ends if end is not None), default=None)
            rest = None if left is None else (left - self._workshop.now) / 1e9
        return None if rest is None else max(_LEAST_SLEEP, rest)

    def _accept(self) -> None:
        with suppress(OSError):
            connection, _ = self._listener.accept()
            connection.settimeout(0)
            client = _Client(connection, peer_of(connection))
            client.session = Session(self._workshop, client.peer, client.sending.append)
            self._clients.add(client)
            read = self._reading(client)
            self._selector.register(connection, selectors.EVENT_READ, read)
            if client.peer.pidfd >= 0:
                gone = self._ending(client)
                self._selector.register(client.peer.pidfd, selectors.EVENT_READ, gone)

    def _reading(self, client: _Client) -> Callable[[], None]:
        return lambda: self._read(client)

    def _ending(self, client: _Client) -> Callable[[], None]:
        return lambda: self._end(client)

    def _read(self, client: _Client) -> None:
        try:
            data = client.connection.recv(_MOST_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        client.received += data
        *lines, rest = bytes(client.received).split(b"\n")
        client.received = bytearray(rest)
        for line in lines:
            if client.session and line.strip():
                client.session.answer(line)
        if not data or len(rest) > _MOST_BYTES:
            self._end(client)

    def _flush(self, client: _Client) -> None:
        try:
            while client.sending:
                sent = client.connection.send(client.sending[0])
                rest = client.sending.popleft()[sent:]
                if rest:
                    client.sending.appendleft(rest)
        except BlockingIOError:
            if sum(map(len, client.sending)) > _MOST_WAITING:
                self._end(client)
        except OSError:
            self._end(client)
        self._watch_writing(client)

    def _watch_writing(self, client: _Client) -> None:
        waits = bool(client.sending)
        if client in self._clients and waits != client.waits:
            client.waits = waits
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if waits else 0)
            self._selector.modify(client.connection, events, self._reading(client))

    def _end(self, client: _Client) -> None:
        if client not in self._clients:
            return
        self._clients.discard(client)
        self._selector.unregister(client.connection)
        if client.peer.pidfd >= 0:
            self._selector.unregister(client.peer.pidfd)
            os.close(client.peer.pidfd)
        client.connection.close()
        if client.session:
            client.session.end()

    def _drain(self) -> None:
        with suppress(BlockingIOError):
            while self._woken.recv(4096):
                pass
