"""The socket calls.sock: clients tell of each call, and ask whether a rule that counts applies.

A message is `struct observation` of source/calls.c: u32 magic, u32 what (1 question, 2 trace),
u32 function, u32 record, u32 pid, u32 rule, i32 result, u32 unused, u64 time (unix, µs). A question
is answered with two u32: whether the rule applies to this call, and 0.
"""

import contextlib
import queue
import selectors
import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drawplate.emulators.faults.calls import is_awaited, tell
from drawplate.emulators.nvml.pages import Pages
from drawplate.emulators.nvml.table import codes, functions
from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.state.change import Changes

if TYPE_CHECKING:
    from drawplate.emulators.state.model import State

SOCKET = "calls.sock"
_MAGIC = 0x4E564F42
_QUESTION, _TRACE = 1, 2
_OBSERVATION = struct.Struct("<6IiIQ")
_ANSWER = struct.Struct("<II")
# Calls that a reader of the trace may lag behind before the oldest are dropped.
_MOST_WAITING = 100_000


@dataclass(frozen=True, slots=True)
class Observation:
    """One call: `time` in seconds since 1970, `device` empty where the function has none."""

    time: float
    pid: int
    function: str
    device: str
    result: str


class Calls:
    """Serves the socket: a surface, because it has to be there before clients are."""

    name = "nvml-calls"

    def __init__(self, path: Path, pages: Pages) -> None:
        """Serve at `path` for the clients of `pages`."""
        self.seen = 0
        self._path = path
        self._pages = pages
        self._counts: Counter[int] = Counter()
        self._readers: list[queue.Queue[Observation]] = []
        self._lock = threading.Lock()
        self._numbered = {one.number: one.name for one in functions().values()}
        self._results = {number: name for name, (number, _text) in codes().items()}
        self._thread: threading.Thread | None = None

    def start(self, state: "State") -> None:
        """Listen. Raises SetupProblem."""
        self._state = state
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._listener.bind(str(self._path))
        except OSError as error:
            self._listener.close()
            raise SetupProblem(
                f"cannot listen: {error.strerror or error}",
                where=str(self._path),
                cure="choose a folder with a shorter path that can be written to",
            ) from None
        self._path.chmod(0o666)
        self._listener.listen(128)
        self._wake, self._woken = socket.socketpair()
        self._thread = threading.Thread(target=self._serve, name="nvml-calls", daemon=True)
        self._thread.start()
        self.seen = state.generation

    def apply(self, changes: Changes) -> None:
        """Nothing here follows the state: rules are looked up when a client asks."""
        self.seen = changes.generation

    def stop(self) -> None:
        """End all connections, and take the socket away."""
        if self._thread is not None:
            self._wake.close()
            self._thread.join()
            self._path.unlink(missing_ok=True)
            self._thread = None

    def trace(self) -> Iterator[dict[str, object]]:
        """Yield calls of all clients as they come; the first item says that it began."""
        reader: queue.Queue[Observation] = queue.Queue(_MOST_WAITING)
        with self._reading(reader):
            yield {"tracing": True}
            while True:
                try:
                    yield asdict(reader.get(timeout=1))
                except queue.Empty:
                    # Lets the connection notice that nobody listens any more.
                    yield {"idle": True}

    @contextlib.contextmanager
    def _reading(self, reader: "queue.Queue[Observation]") -> Iterator[None]:
        with self._state.lock, self._lock:
            self._readers.append(reader)
            self._pages.tracing = True
        try:
            yield
        finally:
            with self._state.lock, self._lock:
                self._readers.remove(reader)
                self._pages.tracing = bool(self._readers)

    def _serve(self) -> None:
        with selectors.DefaultSelector() as selector, self._listener, self._woken:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            clients: set[socket.socket] = set()
            while True:
                for key, _ in selector.select():
                    if key.fileobj is self._woken:
                        for client in clients:
                            client.close()
                        return
                    if key.fileobj is self._listener:
                        client, _address = self._listener.accept()
                        client.settimeout(0)
                        clients.add(client)
                        selector.register(client, selectors.EVENT_READ)
                    elif isinstance(key.fileobj, socket.socket) and not self._hear(key.fileobj):
                        selector.unregister(key.fileobj)
                        clients.discard(key.fileobj)
                        key.fileobj.close()

    def _hear(self, client: socket.socket) -> bool:
        try:
            message = client.recv(_OBSERVATION.size + 1)
            if len(message) != _OBSERVATION.size:
                return False
            magic, what, function, record, pid, rule, result, _, at = _OBSERVATION.unpack(message)
            if magic != _MAGIC:
                return False
            if what == _QUESTION:
                client.send(_ANSWER.pack(self._applies(rule, record), 0))
            elif what == _TRACE:
                self._tell(Observation(at / 1e6, pid, *self._names(function, record, result)))
        except OSError:
            return False
        return True

    def _names(self, function: int, record: int, result: int) -> tuple[str, str, str]:
        records = self._pages.records
        return (
            self._numbered.get(function, str(function)),
            records[record] if record < len(records) else "",
            self._results.get(result, str(result)),
        )

    def _tell(self, observation: Observation) -> None:
        with self._lock:
            for reader in self._readers:
                if reader.full():
                    with contextlib.suppress(queue.Empty):
                        reader.get_nowait()
                reader.put_nowait(observation)

    def _applies(self, number: int, record: int) -> bool:
        rule = self._pages.rules.get(number)
        if rule is None:
            return False
        with self._lock:
            self._counts[number] += 1
            counted = self._counts[number] - rule.after
        applies = counted > 0 and (rule.count is None or counted <= rule.count)
        if applies and is_awaited(rule):
            records = self._pages.records
            tell(self._state, rule, records[record] if record < len(records) else None)
        return applies
