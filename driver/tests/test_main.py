"""The process: its command line, its start, its end however it comes."""

import json
import logging
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from drawplate.driver.log import JsonLines
from drawplate.driver.metrics import Metrics
from drawplate.driver.settings import parse
from drawplate.driver.wire import dra_v1_pb2, dra_v1_pb2_grpc
from drawplate.emulators.problems import SetupProblem

NAMES = ["--node-name", "node-a"]

KUBECONFIG = """\
current-context: c
contexts: [{name: c, context: {cluster: c}}]
clusters: [{name: c, cluster: {server: "http://127.0.0.1:1"}}]
"""


class Process:
    """One run of the command, with nobody behind the API server's address."""

    def __init__(self, root: Path, hardware: Path, *more: str) -> None:
        self.root = root
        self.log = root / "log"
        (root / "kubeconfig").write_text(KUBECONFIG)
        arguments = [*NAMES, "--kubeconfig", str(root / "kubeconfig"), "--kubelet-root", str(root)]
        arguments += ["--cdi-dir", str(root / "cdi"), "--state-dir", str(root / "state")]
        arguments += ["--driver-root", str(hardware), "--sysfs-root", str(hardware / "sys")]
        arguments += ["--dev-root", str(hardware / "dev"), *more]
        with self.log.open("ab") as log:
            self.popen = subprocess.Popen(
                [sys.executable, "-m", "drawplate.driver.main", *arguments], stderr=log
            )

    @property
    def lines(self) -> list[dict[str, Any]]:
        """What it logged; each line must be JSON."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def said(self, message: str) -> list[dict[str, Any]]:
        """Give the lines with that message."""
        return [line for line in self.lines if line["message"] == message]

    def page(self, path: str) -> tuple[int, str]:
        """Get a page of its HTTP server."""
        address = self.said("http")[-1]["address"]
        try:
            with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    @property
    def socket(self) -> Path:
        """Where the kubelet calls it."""
        return self.root / "plugins" / "gpu.drawplate.dev" / "dra.sock"

    def unprepare(self, uid: str) -> str:
        """Unprepare a claim; give the error."""
        asked = dra_v1_pb2.NodeUnprepareResourcesRequest(claims=[dra_v1_pb2.Claim(uid=uid)])
        with grpc.insecure_channel(f"unix:{self.socket}") as channel:
            stub = dra_v1_pb2_grpc.DRAPluginStub(channel)
            return str(stub.NodeUnprepareResources(asked, timeout=10).claims[uid].error)


Run = Callable[..., Process]


@pytest.fixture
def run(short_path: Path, edge_l4: Path, wait_for: Callable[..., None]) -> Iterator[Run]:
    started: list[Process] = []

    def run(*more: str, times: int = 1) -> Process:
        process = Process(short_path, edge_l4, *more)
        started.append(process)
        wait_for(lambda: len(process.said("http")) == times)
        return process

    yield run
    for process in started:
        process.popen.kill()
        process.popen.wait()


def test_sigterm_ends_it_cleanly(run: Run) -> None:
    process = run()
    process.popen.send_signal(signal.SIGTERM)

    assert process.popen.wait(20) == 0
    assert list((process.root / "plugins_registry").iterdir()) == []
    assert not process.socket.exists()
    assert process.lines[-1]["message"] == "ended"


def test_it_serves_without_an_api_server_and_starts_again_after_a_kill(run: Run) -> None:
    first = run()
    first.popen.kill()
    first.popen.wait()
    second = run(times=2)

    assert second.unprepare("some-uid") == ""
    assert second.page("/healthz") == (200, "ok\n")


def test_all_it_says_is_json(run: Run, wait_for: Callable[..., None]) -> None:
    process = run()
    process.socket.unlink()
    process.socket.mkdir()
    wait_for(lambda: process.said("cannot put a socket back"))
    shutil.rmtree(process.root / "plugins_registry")
    (process.root / "plugins_registry").write_text("a file")
    wait_for(lambda: len(process.said("cannot put a socket back")) > 5)
    process.popen.send_signal(signal.SIGTERM)
    process.popen.wait(20)

    assert process.lines


def test_health_is_that_of_the_sockets(run: Run, wait_for: Callable[..., None]) -> None:
    process = run()
    # A folder where the socket was: it cannot be put back.
    process.socket.unlink()
    process.socket.mkdir()

    wait_for(lambda: process.page("/healthz")[0] == 503)
    process.socket.rmdir()
    wait_for(lambda: process.page("/healthz")[0] == 200)


def test_metrics_tell_what_was_done(run: Run) -> None:
    process = run()
    process.unprepare("some-uid")
    status, text = process.page("/metrics")

    assert status == 200
    assert 'seconds_count{operation="unprepare",outcome="ok"} 1.0' in text
    assert "drawplate_driver_devices 1.0" in text
    assert process.page("/nothing")[0] == 404


def test_a_second_instance_waits_for_the_first_to_end(
    run: Run, short_path: Path, edge_l4: Path
) -> None:
    first = run()
    second = Process(short_path, edge_l4)
    try:
        first.popen.send_signal(signal.SIGTERM)
        assert first.popen.wait(20) == 0
        with pytest.raises(subprocess.TimeoutExpired):
            second.popen.wait(1)
    finally:
        second.popen.kill()
        second.popen.wait()


@pytest.mark.slow
def test_a_second_instance_gives_up_and_harms_nothing(
    run: Run, short_path: Path, edge_l4: Path
) -> None:
    first = run()
    second = Process(short_path, edge_l4)

    assert second.popen.wait(30) == 3
    assert "another instance" in first.lines[-1]["message"]
    assert str(first.popen.pid) in first.lines[-1]["message"]
    assert first.unprepare("some-uid") == ""


@pytest.mark.parametrize(
    ("more", "said", "where"),
    [
        (["--driver-name", "UPPER"], "DNS subdomain", "--driver-name"),
        (["--driver-name", "x" * 64], "at most 63", "--driver-name"),
        (["--node-name", "a_b"], "DNS subdomain", "--node-name"),
        (["--driver-root", "/nonexistent"], "no libnvidia-ml.so.1", "/nonexistent"),
        (["--kubeconfig", "/nonexistent"], "cannot read", "/nonexistent"),
        (["--http-address", "192.0.2.1"], "cannot listen", "192.0.2.1:0"),
        (["--http-port", "99999"], "cannot listen", "127.0.0.1:99999"),
        (["--kubelet-root", "/" + "x" * 80], "Linux allows 107", ""),
        (["--state-dir", "/proc/none"], "state folder", "/proc/none"),
    ],
)
def test_what_cannot_work_is_one_clear_message(
    short_path: Path, edge_l4: Path, more: list[str], said: str, where: str
) -> None:
    process = Process(short_path, edge_l4, *more)

    assert process.popen.wait(30) == 3
    last = process.lines[-1]
    assert said in last["message"]
    assert where in last["where"]
    assert last["cure"]
    assert not (short_path / "plugins_registry").exists()


def test_a_damaged_checkpoint_keeps_it_from_starting(short_path: Path, edge_l4: Path) -> None:
    (short_path / "state").mkdir()
    (short_path / "state" / "checkpoint.json").write_text("garbage")
    process = Process(short_path, edge_l4)

    assert process.popen.wait(30) == 3
    assert "damaged" in process.lines[-1]["message"]
    assert (short_path / "state" / "checkpoint.json").read_text() == "garbage"
    assert not (short_path / "plugins_registry").exists()


def test_folders_follow_the_kubelet_root() -> None:
    settings = parse([*NAMES, "--kubelet-root", "/k"])

    assert settings.registration_socket == Path("/k/plugins_registry/gpu.drawplate.dev-reg.sock")
    assert settings.service_socket == Path("/k/plugins/gpu.drawplate.dev/dra.sock")
    assert settings.state == Path("/var/lib/gpu.drawplate.dev")


def test_relative_folders_become_absolute() -> None:
    assert parse([*NAMES, "--kubelet-root", "k"]).service_socket.is_absolute()


@pytest.mark.parametrize("length", [107, 108])
def test_a_socket_path_may_be_as_long_as_linux_allows(length: int) -> None:
    rest = len("/plugins_registry/gpu.drawplate.dev-reg.sock")
    arguments = [*NAMES, "--kubelet-root", "/" + "x" * (length - rest - 1), "--plugin-dir", "/p"]
    if length == 107:
        assert len(str(parse(arguments).registration_socket)) == 107
    else:
        with pytest.raises(SetupProblem, match="108 bytes"):
            parse(arguments)


def test_log_lines_are_json_with_the_given_fields() -> None:
    record = logging.makeLogRecord(
        {"msg": "did %s", "args": ("it",), "levelname": "INFO", "uid": 7}
    )
    line = json.loads(JsonLines().format(record))

    assert (line["message"], line["level"], line["uid"]) == ("did it", "info", 7)


def test_durations_fall_into_cumulative_buckets() -> None:
    metrics = Metrics()
    for seconds in (0.001, 0.3, 100.0):
        metrics.observe("prepare", seconds, failed=False)
    text = metrics.expose().decode()

    assert 'le="0.005",operation="prepare",outcome="ok"} 1.0' in text
    assert 'le="0.5",operation="prepare",outcome="ok"} 2.0' in text
    assert 'le="+Inf",operation="prepare",outcome="ok"} 3.0' in text
