"""gRPC servers on UNIX sockets that can be put back in place when someone removes the socket."""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc

_log = logging.getLogger(__name__)

# What running calls get when a replaced server retires; longer than the kubelet waits for any.
RETIRE_SECONDS = 45.0


class Socket:
    """One gRPC server at `path`.

    The socket is bound under a hidden name beside it (the kubelet ignores names that begin with
    a dot), then renamed: a stale socket is replaced in one step, and gRPC, which unlinks the name
    that it bound when it stops, cannot remove a successor's socket.
    """

    def __init__(self, path: Path, register: Callable[[grpc.Server], None], workers: int) -> None:
        self.path = path
        self._register = register
        self._workers = workers
        self._server: grpc.Server | None = None
        self._identity: tuple[int, int] | None = None
        self._retiring: list[threading.Event] = []
        self._count = 0
        self._lock = threading.Lock()

    def open(self) -> None:
        """Serve at the path, instead of whatever is there. Raises OSError when it cannot be."""
        with self._lock:
            self._open()

    def ensure(self) -> bool:
        """Open again when the socket at the path is not ours any more; tell whether it was so."""
        with self._lock:
            if self._server is None or self.in_place():
                return False
            retired = self._server
            self._open()
            # Calls under way go on over their connections; new ones come to the new socket.
            self._retiring = [one for one in self._retiring if not one.is_set()]
            self._retiring.append(retired.stop(RETIRE_SECONDS))
        _log.warning("socket was gone and is back", extra={"path": str(self.path)})
        return True

    def close(self, grace: float) -> None:
        """Remove the socket, so that nobody new comes, and give running calls `grace` seconds."""
        with self._lock:
            server, self._server = self._server, None
            if server is not None and self.in_place():
                self.path.unlink(missing_ok=True)
        if server is not None:
            self._retiring.append(server.stop(grace))
        for one in self._retiring:
            one.wait(grace)

    def _open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        hidden = self._hidden()
        server = grpc.server(ThreadPoolExecutor(self._workers))
        self._register(server)
        try:
            # Says why it cannot be, which gRPC does not.
            hidden.touch()
            hidden.unlink()
            server.add_insecure_port(f"unix:{hidden}")
            hidden.chmod(0o600)
            server.start()
            identity = _identify(hidden)
            hidden.rename(self.path)
        except (OSError, RuntimeError) as error:
            server.stop(None)
            raise OSError(f"cannot bind {self.path}: {error}") from None
        self._server, self._identity = server, identity

    def _hidden(self) -> Path:
        """Give a free name, different each time, and not longer than the path that was checked."""
        if self._count == 0:
            for leftover in self.path.parent.glob(f".{self.path.stem}*"):
                leftover.unlink(missing_ok=True)
        self._count += 1
        return self.path.with_name(f".{self.path.stem}{self._count % 10_000}")

    def in_place(self) -> bool:
        """Tell whether the socket at the path is ours."""
        # The number stays taken while our server has the socket bound, so it is proof.
        return self._identity is not None and _identify(self.path) == self._identity


def _identify(path: Path) -> tuple[int, int] | None:
    try:
        status = path.lstat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
