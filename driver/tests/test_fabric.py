"""Preparing network-attached devices: by their pool, on whichever node."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
import pytest

from drawplate.driver.core import Answer
from drawplate.driver.fabric import Fabric
from drawplate.driver.hardware import Hardware
from drawplate.driver.prepared import ClaimName
from drawplate.driver.tests.conftest import Node
from drawplate.driver.tests.fakes import allocate, result
from drawplate.driver.tests.inventories import pool, write
from drawplate.driver.tests.test_main import KUBECONFIG, Process
from drawplate.driver.wire import dra_v1_pb2, dra_v1_pb2_grpc


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give the folder of an inventory with two pools."""
    write(tmp_path, pool("everywhere", 1, 2), pool("linux", 3, nodeLabels={"os": "linux"}))
    return tmp_path


@pytest.fixture
def fabric(node: Node, folder: Path) -> Node:
    """Give a node that reads the inventory."""
    node.hardware = node.core._hardware = Hardware(Fabric(folder / "inventory.json"))
    return node


def prepare(node: Node, claim: ClaimName) -> Answer:
    return node.core.prepare([claim], time.monotonic() + 40)[claim.uid]


def test_devices_of_all_pools_are_prepared(fabric: Node) -> None:
    claim = allocate(fabric.api, result("acc-2", pool="everywhere"), result("acc-3", pool="linux"))
    answer = prepare(fabric, claim)
    text = "".join(fabric.cdi_files.values())

    assert answer.error == ""
    assert [device.pool for device, _ in answer.devices] == ["everywhere", "linux"]
    assert "FABRIC_DEVICE_ACC_2=10.90.0.2" in text
    assert "FABRIC_DEVICE_ACC_3=10.90.0.3" in text
    assert fabric.core.unprepare([claim])[claim.uid] == Answer()
    assert fabric.cdi_files == {}


@pytest.mark.parametrize(
    ("device", "wrong", "said"),
    [
        ("acc-1", "linux", "pool 'linux' does not have device 'acc-1', whose pool is 'everywhere'"),
        ("acc-1", "node-a", "pool 'node-a' does not have device 'acc-1'"),
        ("acc-9", "everywhere", "device 'acc-9' is not there"),
    ],
)
def test_devices_that_the_pool_does_not_have_are_refused(
    fabric: Node, device: str, wrong: str, said: str
) -> None:
    claim = allocate(fabric.api, result(device, pool=wrong))

    assert said in prepare(fabric, claim).error
    assert fabric.cdi_files == {}


def test_the_inventory_of_the_moment_counts(fabric: Node, folder: Path) -> None:
    write(folder, pool("everywhere", 2), pool("linux", 1))

    claim = allocate(fabric.api, result("acc-1", pool="linux"), name="new")
    assert prepare(fabric, claim).error == ""
    claim = allocate(fabric.api, result("acc-3", pool="linux"), name="gone")
    assert "is not there" in prepare(fabric, claim).error


def test_a_broken_inventory_takes_no_device_away(fabric: Node, folder: Path) -> None:
    (folder / "..data" / "inventory.json").write_text("{")

    assert prepare(fabric, allocate(fabric.api, result("acc-1", pool="everywhere"))).error == ""


class _Server(BaseHTTPRequestHandler):
    """An API server with one claim, that notes all requests."""

    requests: list[str]
    claim: dict[str, Any]

    def do_GET(self) -> None:
        self.requests.append(f"GET {self.path}")
        body = json.dumps(self.claim).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        # Methods that are not written out end here.
        self.requests.append(f"{self.command} {self.path}")
        super().send_error(code, message, explain)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is inherited
        pass


@pytest.fixture
def server() -> Iterator[tuple[str, list[str]]]:
    """Serve an allocated claim; give the address, and the list of requests."""
    given = result("acc-3", pool="linux", driver="fabric.drawplate.dev")
    claim = {"metadata": {"uid": "u"}, "status": {"allocation": {"devices": {"results": [given]}}}}
    requests: list[str] = []
    handler = type("Handler", (_Server,), {"requests": requests, "claim": claim})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as serving:
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"127.0.0.1:{serving.server_port}", requests
        serving.shutdown()
        thread.join()


def test_the_plugin_of_a_node_asks_for_claims_and_for_nothing_else(
    short_path: Path,
    folder: Path,
    server: tuple[str, list[str]],
    wait_for: Callable[..., None],
) -> None:
    address, requests = server
    kubeconfig = short_path / "own-kubeconfig"
    kubeconfig.write_text(KUBECONFIG.replace("127.0.0.1:1", address))
    inventory = folder / "inventory.json"
    more = ("--family=fabric", f"--inventory={inventory}", f"--kubeconfig={kubeconfig}")
    process = Process(short_path, short_path, *more)
    try:
        wait_for(lambda: process.said("http"))
        socket = short_path / "plugins" / "fabric.drawplate.dev" / "dra.sock"
        claim = dra_v1_pb2.Claim(uid="u", namespace="default", name="c")
        asked = dra_v1_pb2.NodePrepareResourcesRequest(claims=[claim])
        with grpc.insecure_channel(f"unix:{socket}") as channel:
            stub = dra_v1_pb2_grpc.DRAPluginStub(channel)
            answer = stub.NodePrepareResources(asked, timeout=10).claims["u"]
        write(folder, pool("linux"))
        wait_for(lambda: "drawplate_driver_devices 0.0" in process.page("/metrics")[1])
        assert process.page("/healthz") == (200, "ok\n")
    finally:
        process.popen.terminate()
        assert process.popen.wait(20) == 0

    assert answer.error == ""
    assert [device.pool_name for device in answer.devices] == ["linux"]
    assert "FABRIC_DEVICE_ACC_3=10.90.0.3" in "".join(
        path.read_text() for path in (short_path / "cdi").iterdir()
    )
    assert requests == ["GET /apis/resource.k8s.io/v1/namespaces/default/resourceclaims/c"]
    assert list((short_path / "plugins_registry").iterdir()) == []
