"""Serves the control socket: every operation of a node, for everyone who may open the socket."""

import inspect
import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from io import BufferedIOBase
from pathlib import Path
from typing import Any

from drawplate.emulators.control.protocol import encode, read_line
from drawplate.emulators.problems import Problem
from drawplate.emulators.refusals import Refused

_log = logging.getLogger(__name__)

Operation = Callable[..., Any]


class Server:
    """Answers on a Unix socket, each connection in a thread of its own."""

    def __init__(self, path: Path, operations: Mapping[str, Operation]) -> None:
        """Nothing happens before `start`."""
        self._path = path
        self._operations = operations
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Listen. A socket that a dead server left behind is replaced."""
        # Bound under another name first: whoever finds the socket can connect to it.
        part = self._path.with_suffix(".new")
        part.unlink(missing_ok=True)
        self._socket.bind(str(part))
        part.chmod(0o600)
        self._socket.listen(64)
        part.replace(self._path)
        threading.Thread(target=self._accept, name="control", daemon=True).start()

    def stop(self) -> None:
        """Close the socket and all connections."""
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._path.unlink(missing_ok=True)
        with self._lock:
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(
                target=self._serve, args=(connection,), name="control-client", daemon=True
            ).start()

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)
        try:
            with connection, connection.makefile("rwb") as stream:
                while (request := read_line(stream)) is not None:
                    self._answer(request, stream)
        except (OSError, ValueError) as error:
            _log.info("a control client went: %s", error)
        finally:
            with self._lock:
                self._open.discard(connection)

    def _answer(self, request: Any, stream: BufferedIOBase) -> None:
        try:
            result = self._run(request)
            if inspect.isgenerator(result):
                self._stream(result, stream)
                return
            reply = {"ok": True, "result": result}
        except ConnectionError:
            # The client itself went: there is nobody to tell.
            raise
        # Whatever else goes wrong, the client is told.
        except Exception as error:  # noqa: BLE001
            reply = _describe(error)
        stream.write(encode(reply))
        stream.flush()

    def _run(self, request: Any) -> Any:
        name = request.get("op") if isinstance(request, dict) else None
        operation = self._operations.get(str(name))
        if operation is None:
            known = ", ".join(sorted(self._operations))
            raise Problem(f"there is no operation {name!r}", cure=f"there are {known}")
        arguments = request.get("args", {})
        try:
            inspect.signature(operation).bind(**arguments)
        except TypeError as error:
            raise Problem(f"{name}: {error}", cure="give the arguments that it takes") from None
        return operation(**arguments)

    def _stream(self, items: Iterator[Any], stream: BufferedIOBase) -> None:
        stream.write(encode({"ok": True, "stream": True}))
        stream.flush()
        for item in items:
            stream.write(encode({"item": item}))
            stream.flush()
        stream.write(encode({"end": True}))
        stream.flush()


def _describe(error: Exception) -> dict[str, Any]:
    if isinstance(error, Refused):
        return {"ok": False, "what": str(error), "reason": error.reason.name}
    if isinstance(error, Problem):
        return {"ok": False, "what": error.what, "where": error.where, "cure": error.cure}
    _log.exception("an operation failed", exc_info=error)
    return {"ok": False, "what": f"the hardware process failed: {error!r}", "reason": "BUG"}
