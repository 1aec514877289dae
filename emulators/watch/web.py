"""The boards as a page of this machine: state by server-sent events, read-only unless allowed.

Whatever a browser shows can send requests to this address, so a change needs the token that only
our own page has, and a request must name this very host.
"""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from pathlib import Path
from typing import Any

from drawplate.emulators.problems import Problem, SetupProblem
from drawplate.emulators.refusals import Refused
from drawplate.emulators.watch.follower import Follower, Holders
from drawplate.emulators.watch.rows import rows
from drawplate.emulators.watch.terminal import describe

# What the page may ask for, where changes are allowed.
ALLOWED = ("fault", "heal", "plug", "unplug")

# Pictures per second that a browser is sent at most, and after how long without news it is sent
# one all the same, by which a browser that went is noticed. Seconds.
_PACE = 0.5
_KEEP_ALIVE = 15.0

_EVENTS_SHOWN = 40
_LARGEST_REQUEST = 4096
_TOKEN = "X-Drawplate-Token"  # noqa: S105 - the name of a header
_TYPES = {
    "page.html": "text/html; charset=utf-8",
    "page.css": "text/css",
    "page.js": "text/javascript",
}
_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:"
)


class Page(ThreadingHTTPServer):
    """Serves the page on a loopback address."""

    daemon_threads = True

    def __init__(
        self, follower: Follower, holders: Holders, port: int = 0, *, changes: bool = False
    ) -> None:
        """Listen on 127.0.0.1. Raises SetupProblem when the port is not to be had."""
        self.follower = follower
        self.holders = holders
        self.token = secrets.token_urlsafe(16) if changes else ""
        self.files = _load()
        try:
            super().__init__(("127.0.0.1", port), _Handler)
        except (OSError, OverflowError) as error:
            raise SetupProblem(
                f"the page cannot be served: {error}",
                where=f"127.0.0.1:{port}",
                cure="give a free --port, or none",
            ) from None

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://127.0.0.1:{self.server_port}/"

    def picture(self) -> dict[str, Any]:
        """Give what the page shows."""
        held = self.holders()
        with self.follower.lock:
            return {
                "changes": bool(self.token),
                "nodes": [
                    {
                        "name": board.name,
                        "machine": board.machine,
                        "alive": board.alive,
                        "generation": board.generation,
                        "devices": [asdict(row) for row in rows(board, held.get(board.name, {}))],
                        "events": [describe(one) for one in list(board.events)[-_EVENTS_SHOWN:]],
                    }
                    for board in self.follower.boards.values()
                ],
            }


class _Handler(BaseHTTPRequestHandler):
    server: Page
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Give the page, its parts, the picture once, or pictures as they change."""
        if not self._is_for_us():
            return
        path = self.path.partition("?")[0]
        if path == "/events":
            self._stream()
        elif path == "/state":
            self._send("application/json", json.dumps(self.server.picture()).encode())
        elif (name := path.lstrip("/") or "page.html") in _TYPES:
            token = self.server.token.encode()
            self._send(_TYPES[name], self.server.files[name].replace(b"@TOKEN@", token))
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        """Do what the page's buttons say, where that is allowed."""
        if not self._is_for_us():
            return
        given = self.headers.get(_TOKEN, "")
        allowed = self.server.token and secrets.compare_digest(given, self.server.token)
        size = int(self.headers.get("Content-Length") or 0)
        if not allowed or size > _LARGEST_REQUEST:
            self.close_connection = True
            self.send_error(HTTPStatus.FORBIDDEN, "this page is read-only")
            return
        try:
            reply = self._run(json.loads(self.rfile.read(size)))
        except (ValueError, KeyError, TypeError) as error:
            reply = {"ok": False, "what": f"not a request: {error!r}"}
        except (Refused, Problem) as error:
            reply = {"ok": False, "what": str(error)}
        self._send("application/json", json.dumps(reply).encode())

    def _run(self, request: Mapping[str, Any]) -> dict[str, Any]:
        if request["op"] not in ALLOWED:
            raise ValueError(request["op"])
        result = self.server.follower.call(request["node"], request["op"], request["args"])
        return {"ok": True, "result": result}

    def _is_for_us(self) -> bool:
        # A name that someone else's DNS points here is not ours.
        port = self.server.server_port
        if self.headers.get("Host") in {f"127.0.0.1:{port}", f"localhost:{port}"}:
            return True
        self.close_connection = True
        self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
        return False

    def _send(self, kind: str, content: bytes) -> None:
        self.send_response(HTTPStatus.OK)
        self._send_headers(kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _stream(self) -> None:
        self.send_response(HTTPStatus.OK)
        self._send_headers("text/event-stream")
        self.end_headers()
        self.close_connection = True
        version = -1
        try:
            while True:
                version = self.server.follower.wait(version, _KEEP_ALIVE)
                text = json.dumps(self.server.picture())
                self.wfile.write(f"data: {text}\n\n".encode())
                self.wfile.flush()
                if self.server.follower.pause(_PACE):
                    return
        except OSError:
            # The browser went.
            return

    def _send_headers(self, kind: str) -> None:
        self.send_header("Content-Type", kind)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Referrer-Policy", "no-referrer")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing: whoever watches sees the page."""


def _load() -> dict[str, bytes]:
    folder = Path(str(files("drawplate.emulators.watch"))) / "page"
    return {name: (folder / name).read_bytes() for name in _TYPES}
