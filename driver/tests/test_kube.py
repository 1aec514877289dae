"""The client of the API server, against a small HTTP server; and where it finds its credentials."""

import base64
import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from drawplate.driver.api import ApiError
from drawplate.driver.kube import KubeApi
from drawplate.driver.kubeconfig import Credentials, load
from drawplate.emulators.problems import SetupProblem

TOKEN: Any = {"token": "sesame"}

Answer = tuple[int, dict[str, str], bytes]


class Server:
    """Gives the queued answers one by one, the last one for ever; remembers the requests."""

    def __init__(self) -> None:
        self.answers: list[Answer] = [(200, {}, b"{}")]
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        handler = type("Handler", (_Handler,), {"server_side": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self._thread = threading.Thread(target=self._http.serve_forever, args=[0.01])
        self._thread.start()

    def close(self) -> None:
        """End it."""
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(10)


class _Handler(BaseHTTPRequestHandler):
    server_side: Server
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        side = self.server_side
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        side.requests.append((self.command, self.path, dict(self.headers), body))
        status, headers, content = side.answers.pop(0) if len(side.answers) > 1 else side.answers[0]
        self.send_response(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    # Named by the base class.
    do_POST = do_PUT = do_DELETE = do_GET  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.close()


@pytest.fixture
def api(server: Server) -> KubeApi:
    return KubeApi(Credentials(f"{server.url}/prefix", **TOKEN))


def failure(status: int, message: str = "why", **headers: str) -> Answer:
    return status, headers, json.dumps({"message": message}).encode()


def test_requests_carry_path_query_token_and_body(server: Server, api: KubeApi) -> None:
    server.answers = [(200, {}, b'{"kind": "X"}')]

    assert api.get("/a", query={"fieldSelector": "x=y,z=w"}) == {"kind": "X"}
    assert api.create("/b", {"n": 1}) == api.replace("/c", {"n": 2}) == {"kind": "X"}
    api.delete("/d", {"n": 3})

    sent = [(verb, path, body) for verb, path, _, body in server.requests]
    assert sent == [
        ("GET", "/prefix/a?fieldSelector=x%3Dy%2Cz%3Dw", b""),
        ("POST", "/prefix/b", b'{"n": 1}'),
        ("PUT", "/prefix/c", b'{"n": 2}'),
        ("DELETE", "/prefix/d", b'{"n": 3}'),
    ]
    assert {headers["Authorization"] for _, _, headers, _ in server.requests} == {"Bearer sesame"}


def test_a_refusal_carries_status_and_message(server: Server, api: KubeApi) -> None:
    server.answers = [failure(403, "not for you")]

    with pytest.raises(ApiError, match="403 not for you") as caught:
        api.get("/a", budget=5)

    assert caught.value.status == 403
    assert len(server.requests) == 1


def test_an_answer_that_is_not_of_kubernetes_is_an_error(server: Server, api: KubeApi) -> None:
    server.answers = [(502, {}, b"<html>"), (200, {}, b"<html>")]

    with pytest.raises(ApiError) as caught:
        api.get("/a")
    assert caught.value.status == 502
    with pytest.raises(ApiError, match="not JSON"):
        api.get("/a")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_short_trouble_is_bridged_within_the_budget(
    server: Server, api: KubeApi, status: int
) -> None:
    server.answers = [failure(status), failure(status), (200, {}, b'{"ok": 1}')]

    assert api.get("/a", budget=5) == {"ok": 1}


def test_without_a_budget_the_first_trouble_is_told(server: Server, api: KubeApi) -> None:
    server.answers = [failure(503), (200, {}, b"{}")]

    with pytest.raises(ApiError):
        api.get("/a")


def test_retry_after_is_heeded(server: Server, api: KubeApi) -> None:
    server.answers = [failure(429, **{"Retry-After": "1"}), (200, {}, b"{}")]
    began = time.monotonic()
    api.get("/a", budget=5)

    assert time.monotonic() - began >= 1


def test_a_long_outage_ends_with_the_budget(server: Server, api: KubeApi) -> None:
    server.answers = [failure(503)]
    began = time.monotonic()
    with pytest.raises(ApiError):
        api.get("/a", budget=0.5)

    assert time.monotonic() - began < 5


def test_nobody_there_is_an_error_without_a_status(server: Server) -> None:
    server.close()
    api = KubeApi(Credentials(server=server.url))

    with pytest.raises(ApiError, match="not reachable") as caught:
        api.get("/a")

    assert (caught.value.status, caught.value.passing) == (0, True)


def test_deleting_what_is_gone_succeeds(server: Server, api: KubeApi) -> None:
    server.answers = [failure(404), failure(409)]
    api.delete("/a", {})

    with pytest.raises(ApiError):
        api.delete("/a", {})


def test_a_watch_gives_event_after_event(server: Server, api: KubeApi) -> None:
    server.answers = [(200, {}, b'{"type": "ADDED", "n": 1}\n{"type": "DELETED", "n": 2}\n')]
    events = list(api.watch("/a", {"fieldSelector": "x=y"}))

    assert [event["n"] for event in events] == [1, 2]
    path = server.requests[0][1]
    assert "watch=1" in path
    assert "fieldSelector=x%3Dy" in path
    assert "allowWatchBookmarks=true" in path


def test_a_watch_that_ends_in_an_error_raises_it(server: Server, api: KubeApi) -> None:
    error = {"type": "ERROR", "object": {"message": "too old", "code": 410}}
    server.answers = [(200, {}, json.dumps(error).encode() + b"\n")]

    with pytest.raises(ApiError, match="too old") as caught:
        list(api.watch("/a", {}))
    assert caught.value.status == 410


def test_a_watch_that_is_refused_is_refused_at_once(server: Server, api: KubeApi) -> None:
    server.answers = [failure(400)]

    with pytest.raises(ApiError):
        api.watch("/a", {})


def test_a_token_file_is_read_again_for_each_request(server: Server, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old\n")
    api = KubeApi(Credentials(server=server.url, token_file=token))
    api.get("/a")
    token.write_text("new\n")
    api.get("/a")

    sent = [headers["Authorization"] for _, _, headers, _ in server.requests]
    assert sent == ["Bearer old", "Bearer new"]


def test_a_token_file_that_is_gone_is_an_error_of_the_request(
    server: Server, tmp_path: Path
) -> None:
    api = KubeApi(Credentials(server=server.url, token_file=tmp_path / "token"))

    with pytest.raises(ApiError, match="token"):
        api.get("/a")


def test_certificates_that_are_none_are_a_setup_problem() -> None:
    with pytest.raises(SetupProblem, match="certificate"):
        KubeApi(Credentials(server="https://127.0.0.1:1", authorities="nonsense"))


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def write(user: Any = None, cluster: Any = None, **more: Any) -> Path:
        document = {
            "current-context": "c",
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "clusters": [{"name": "c", "cluster": {"server": "https://h:1/", **(cluster or {})}}],
            "users": [{"name": "u", "user": user or {}}],
            **more,
        }
        path = tmp_path / "kubeconfig"
        path.write_text(yaml.safe_dump(document))
        return path

    return write


def test_a_kubeconfig_with_embedded_data_is_read(write: Write) -> None:
    data = base64.b64encode(b"PEM").decode()
    path = write(
        {"client-certificate-data": data, "client-key-data": data, **TOKEN},
        {"certificate-authority-data": data, "tls-server-name": "name"},
    )

    assert load(path) == Credentials(
        server="https://h:1",
        authorities="PEM",
        server_name="name",
        certificate="PEM",
        key="PEM",
        **TOKEN,
    )


def test_paths_of_a_kubeconfig_are_relative_to_it(write: Write, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("CA")
    path = write({"tokenFile": "token"}, {"certificate-authority": "ca.pem"})
    found = load(path)

    assert found.authorities == "CA"
    assert found.token_file == tmp_path / "token"


@pytest.mark.parametrize(
    ("user", "cluster", "more", "said"),
    [
        ({}, {}, {"current-context": "nope"}, "nope"),
        ({}, {}, {"clusters": []}, "not complete"),
        ({}, {}, {"users": None}, "not complete"),
        ({"exec": {"command": "x"}}, {}, {}, "'exec'"),
        ({}, {"proxy-url": "http://p"}, {}, "'proxy-url'"),
        ({"client-key-data": "%%%"}, {}, {}, "base64"),
        ({}, {"certificate-authority": "missing.pem"}, {}, "cannot read missing.pem"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_is_a_setup_problem(
    write: Write, user: Any, cluster: Any, more: Any, said: str
) -> None:
    path = write(user, cluster, **more)

    with pytest.raises(SetupProblem, match=said) as caught:
        load(path)
    assert caught.value.where == str(path)


def test_no_kubeconfig_outside_a_pod_is_a_setup_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(SetupProblem, match="not a pod"):
        load(None)


@pytest.mark.parametrize(
    ("host", "server"), [("10.0.0.1", "https://10.0.0.1:443"), ("fd00::1", "https://[fd00::1]:443")]
)
def test_in_a_pod_the_service_account_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str, server: str
) -> None:
    (tmp_path / "token").write_text("t\n")
    (tmp_path / "ca.crt").write_text("CA")
    monkeypatch.setattr("drawplate.driver.kubeconfig.SERVICE_ACCOUNT", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", host)
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    found = load(None)

    assert (found.server, found.authorities, found.current_token()) == (server, "CA", "t")
