"""The metadata server: answers over HTTP from the state, as the node's cloud would."""

import errno
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from drawplate.emulators.metadata import gce
from drawplate.emulators.metadata.documents import document
from drawplate.emulators.metadata.exchange import Answer, Declined, Request, plain
from drawplate.emulators.metadata.instance import instance_of, provider_of
from drawplate.emulators.metadata.others import answer_aws, answer_azure, answer_oci
from drawplate.emulators.metadata.rules import RequestRules
from drawplate.emulators.problems import SetupProblem
from drawplate.emulators.state.change import Changes
from drawplate.emulators.state.model import State

_ANSWERS: Mapping[str, Callable[[Request, Any], Answer]] = {
    "gce": gce.answer,
    "aws": answer_aws,
    "azure": answer_azure,
    "oci": answer_oci,
}
# How long a client waits for a change at most when it says nothing. Seconds.
_LONGEST_WAIT = 300.0


class MetadataServer:
    """The surface "metadata"."""

    name = "metadata"

    def __init__(self, host: str, port: int, enter: Callable[[Callable[[], Any]], Any]) -> None:
        """Listen at the address (port 0: any); `enter` runs what binds it in its namespace."""
        self.seen = 0
        self._address, self._enter = (host, port), enter
        self._server: _Server | None = None

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._server.server_address[:2] if self._server else self._address
        return str(host), int(port)

    def start(self, state: State) -> None:
        """Listen. Raises SetupProblem when the address cannot be had."""
        try:
            self._server = self._enter(lambda: _Server(self._address, state))
        except OSError as error:
            raise _taken(self._address, error) from None
        threading.Thread(
            target=self._server.serve_forever, args=(0.1,), name="metadata", daemon=True
        ).start()

    def apply(self, changes: Changes) -> None:
        """Answers are made when they are asked for: there is nothing to do."""
        self.seen = changes.generation

    def stop(self) -> None:
        """Stop listening, and let go of who waits."""
        if self._server:
            self._server.ending.set()
            self._server.shutdown()
            self._server.server_close()
            self._server = None


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Several nodes of one host must not share an address without noticing.
    allow_reuse_port = False

    def __init__(self, address: tuple[str, int], state: State) -> None:
        self.state, self.rules = state, RequestRules(state, "metadata")
        self.ending = threading.Event()
        super().__init__(address, _Handler)

    def answer(self, request: Request) -> Answer:
        """Answer, by rule or by truth."""
        result = self.rules.meet(request.path, self.ending.wait)
        if result and result.isdecimal():
            return plain("", int(result))
        provider = provider_of(self.state)
        if provider not in _ANSWERS:
            return plain("", 404)
        seen = self.state.generation
        found = self._truth(provider, request)
        if provider == "gce" and gce.wants_change(request, found):
            found = self._later(request, found, seen)
        return found

    def _truth(self, provider: str, request: Request) -> Answer:
        with self.state.lock:
            instance = instance_of(self.state)
        try:
            return _ANSWERS[provider](request, document(provider, instance))
        except Declined as declined:
            return declined.answer

    def _later(self, request: Request, first: Answer, seen: int) -> Answer:
        clock = self.state.clock
        end = clock.now() + _seconds(request.query.get("timeout_sec", ""))
        while (left := end - clock.now()) > 0 and not self.ending.is_set():
            if self.state.wait(seen + 1, min(left, 1.0)):
                seen = self.state.generation
                found = self._truth("gce", request)
                if found.headers.get("ETag") != first.headers.get("ETag"):
                    return found
        return first


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return _LONGEST_WAIT


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
        )
        found = self.server.answer(request)
        self.send_response_only(found.status)
        for name, value in {"Content-Length": str(len(found.body)), **found.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(found.body)

    do_GET = do_PUT = do_POST = _answer  # noqa: N815 the names are http.server's

    def log_message(self, *_: Any) -> None:
        """Say nothing: clients that poll would fill the log."""


def _taken(address: tuple[str, int], error: OSError) -> SetupProblem:
    cure = "choose another (`--option metadata.address=127.0.0.1:0` takes any free port)"
    if error.errno in {errno.EACCES, errno.EPERM}:
        cure = "run as root, or choose a port from 1024"
    return SetupProblem(
        f"the metadata server cannot listen at {address[0]}:{address[1]}: {error.strerror}",
        where="metadata.address",
        cure=cure,
    )
