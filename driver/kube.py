"""A thin client of the Kubernetes API: JSON over HTTP, imported in a tenth of a second."""

import json
import os
import ssl
import time
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

import urllib3

from drawplate.driver.api import ApiError, Json
from drawplate.driver.kubeconfig import Credentials
from drawplate.emulators.problems import SetupProblem

# Seconds. A request that hangs must not eat what the kubelet grants one call (45 s).
CONNECT_TIMEOUT = 3.0
READ_TIMEOUT = 10.0

# The server ends a watch after this; bookmarks come once a minute, so silence of 90 s means that
# the connection is dead.
WATCH_SECONDS = 300
WATCH_SILENCE = 90.0

_FIRST_PAUSE = 0.1


class KubeApi:
    """One API server; may be used by several threads."""

    def __init__(self, credentials: Credentials) -> None:
        """Connect to nothing yet. Raises SetupProblem when certificates cannot be used."""
        self._credentials = credentials
        self._prefix = urlsplit(credentials.server).path
        self._pool = _pool(credentials)

    def get(self, path: str, *, query: Mapping[str, str] | None = None, budget: float = 0) -> Json:
        """Read an object or a list, trying again within `budget` seconds."""
        deadline = time.monotonic() + budget
        pause = _FIRST_PAUSE
        while True:
            left = max(0.5, deadline - time.monotonic()) if budget else READ_TIMEOUT
            try:
                return self._json("GET", path, query=query, seconds=left)
            except ApiError as error:
                wait = max(pause, error.retry_after)
                if not error.passing or time.monotonic() + wait > deadline:
                    raise
                time.sleep(wait)
                pause *= 2

    def create(self, path: str, body: Json) -> Json:
        """Create an object in the collection `path`; give it as stored."""
        return self._json("POST", path, body=body)

    def replace(self, path: str, body: Json) -> Json:
        """Replace an object; give it as stored."""
        return self._json("PUT", path, body=body)

    def delete(self, path: str, body: Json) -> None:
        """Delete an object; `body` holds the options. One that is gone is no error."""
        try:
            self._json("DELETE", path, body=body)
        except ApiError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    def watch(self, path: str, query: Mapping[str, str]) -> Iterator[Json]:
        """Begin a watch; it runs when this returns. Yields until the server ends the stream."""
        full = {**query, "watch": "1", "allowWatchBookmarks": "true"}
        full["timeoutSeconds"] = str(WATCH_SECONDS)
        return _events(self._send("GET", path, full, None, WATCH_SILENCE, stream=True))

    def _json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Json | None = None,
        seconds: float = READ_TIMEOUT,
    ) -> Json:
        response = self._send(method, path, query or {}, body, seconds, stream=False)
        try:
            document: Json = json.loads(response.data)
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise ApiError(f"{method} {path}: the answer is not JSON: {error}") from None
        return document

    # One request has these parts.
    def _send(  # noqa: PLR0913
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Json | None,
        seconds: float,
        *,
        stream: bool,
    ) -> urllib3.BaseHTTPResponse:
        try:
            response = self._pool.request(
                method,
                self._prefix + path + (f"?{urlencode(query)}" if query else ""),
                body=json.dumps(body).encode() if body is not None else None,
                headers=self._headers(),
                timeout=urllib3.Timeout(connect=min(CONNECT_TIMEOUT, seconds), read=seconds),
                preload_content=not stream,
            )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ApiError(f"{method} {path}: API server not reachable: {error}") from None
        if response.status >= HTTPStatus.BAD_REQUEST:
            raise _refusal(method, path, response)
        return response

    def _headers(self) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "drawplate-driver",
        }
        token = self._credentials.current_token()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        return headers


def _pool(credentials: Credentials) -> urllib3.HTTPConnectionPool:
    settings = {"maxsize": 8, "block": False, "retries": False}
    if not credentials.server.startswith("https://"):
        return urllib3.connection_from_url(credentials.server, **settings)
    try:
        context = _context(credentials)
    except ssl.SSLError as error:
        raise SetupProblem(
            f"a certificate or key for the API server cannot be used: {error.reason or error}",
            where=credentials.server,
            cure="give PEM texts that belong together",
        ) from None
    name = credentials.server_name
    names = {"server_hostname": name, "assert_hostname": name} if name else {}
    return urllib3.connection_from_url(credentials.server, ssl_context=context, **names, **settings)


def _context(credentials: Credentials) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=credentials.authorities)
    if credentials.insecure:
        # The kubeconfig asks for it; a warning per request would say nothing more.
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if credentials.certificate and credentials.key:
        _present_certificate(context, credentials.certificate, credentials.key)
    return context


def _present_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    # OpenSSL reads keys from files only; this one is in memory.
    descriptor = os.memfd_create("client")
    try:
        os.write(descriptor, f"{certificate}\n{key}\n".encode())
        context.load_cert_chain(f"/proc/self/fd/{descriptor}")
    finally:
        os.close(descriptor)


def _events(response: urllib3.BaseHTTPResponse) -> Iterator[Json]:
    try:
        for line in _lines(response):
            event: Json = json.loads(line)
            if event["type"] == "ERROR":
                status = event["object"]
                raise ApiError(status.get("message", "watch error"), status.get("code", 0))
            yield event
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise ApiError(f"watch broke: {error}") from None
    finally:
        response.close()


def _lines(response: urllib3.BaseHTTPResponse) -> Iterator[bytes]:
    pending = b""
    for chunk in response.stream(None, decode_content=True):
        *lines, pending = (pending + chunk).split(b"\n")
        yield from lines


def _refusal(method: str, path: str, response: urllib3.BaseHTTPResponse) -> ApiError:
    try:
        message = json.loads(response.data)["message"]
    except (ValueError, KeyError, TypeError, urllib3.exceptions.HTTPError):
        message = response.reason or "no reason given"
    finally:
        response.close()
    after = response.headers.get("Retry-After", "")
    return ApiError(
        f"{method} {path}: {response.status} {message}",
        response.status,
        retry_after=float(after) if after.isdigit() else 0.0,
    )
