"""Sockets and the services on them, called as the kubelet calls."""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from drawplate.driver import liveness
from drawplate.driver.claims import Allocation
from drawplate.driver.prepared import ClaimName
from drawplate.driver.services import PluginV1, PluginV1Beta1, Registration
from drawplate.driver.sockets import Socket
from drawplate.driver.tests.conftest import Node
from drawplate.driver.tests.fakes import allocate, result
from drawplate.driver.upkeep import Upkeep
from drawplate.driver.wire import (
    dra_v1_pb2,
    dra_v1_pb2_grpc,
    dra_v1beta1_pb2,
    dra_v1beta1_pb2_grpc,
    registration_pb2,
    registration_pb2_grpc,
)


class Served:
    """A node whose services listen in short folders."""

    def __init__(self, node: Node) -> None:
        self.node = node
        plugin = node.root / "p" / "dra.sock"
        self.registration = Registration("gpu.example.com", plugin)
        self.service = Socket(plugin, self._serve, workers=8)
        self.introduction = Socket(node.root / "r" / "x-reg.sock", self._introduce, workers=2)
        self.sockets = (self.service, self.introduction)
        for one in self.sockets:
            one.open()

    def _serve(self, server: grpc.Server) -> None:
        core = self.node.core
        dra_v1_pb2_grpc.add_DRAPluginServicer_to_server(PluginV1(core), server)
        dra_v1beta1_pb2_grpc.add_DRAPluginServicer_to_server(PluginV1Beta1(core), server)

    def _introduce(self, server: grpc.Server) -> None:
        registration_pb2_grpc.add_RegistrationServicer_to_server(self.registration, server)

    def info(self) -> registration_pb2.PluginInfo:
        """Ask who this is, as the kubelet does."""
        with grpc.insecure_channel(f"unix:{self.introduction.path}") as channel:
            stub = registration_pb2_grpc.RegistrationStub(channel)
            answer: registration_pb2.PluginInfo = stub.GetInfo(
                registration_pb2.InfoRequest(), timeout=1
            )
            return answer

    def prepare(self, *claims: ClaimName, timeout: float = 10) -> Any:
        """Prepare through v1."""
        request = dra_v1_pb2.NodePrepareResourcesRequest(claims=[_wire(one) for one in claims])
        with grpc.insecure_channel(f"unix:{self.service.path}") as channel:
            stub = dra_v1_pb2_grpc.DRAPluginStub(channel)
            return stub.NodePrepareResources(request, timeout=timeout).claims


@pytest.fixture
def served(node: Node) -> Iterator[Served]:
    served = Served(node)
    yield served
    for one in served.sockets:
        one.close(5)


def test_registration_tells_all_that_the_kubelet_needs(served: Served) -> None:
    info = served.info()

    assert info.type == "DRAPlugin"
    assert info.name == "gpu.example.com"
    assert info.endpoint == str(served.service.path)
    assert Path(info.endpoint).is_absolute()
    assert list(info.supported_versions) == ["v1.DRAPlugin", "v1beta1.DRAPlugin"]


@pytest.mark.parametrize("accepted", [True, False])
def test_the_word_of_the_kubelet_is_noted(served: Served, *, accepted: bool) -> None:
    status = registration_pb2.RegistrationStatus(plugin_registered=accepted, error="why")
    with grpc.insecure_channel(f"unix:{served.introduction.path}") as channel:
        stub = registration_pb2_grpc.RegistrationStub(channel)
        stub.NotifyRegistrationStatus(status, timeout=5)

    assert served.registration.registered == accepted
    assert served.info().name == "gpu.example.com"


def test_an_answer_has_an_entry_for_each_uid_and_base_names_of_requests(served: Served) -> None:
    names = served.node.devices
    good = allocate(served.node.api, result(names[0], "req/sub"), name="good")
    bad = allocate(served.node.api, result("gpu-x"), name="bad")
    answers = served.prepare(good, bad, good)

    assert set(answers) == {good.uid, bad.uid}
    assert not answers[bad.uid].devices
    (device,) = answers[good.uid].devices
    assert list(device.request_names) == ["req"]
    assert (device.pool_name, device.device_name) == ("node-a", names[0])
    assert [name.partition("=")[0] for name in device.cdi_device_ids] == [served.node.cdi.kind]
    assert not device.HasField("share_id")


def test_a_share_is_returned_in_v1(served: Served) -> None:
    claim = allocate(served.node.api, result(served.node.devices[0], shareID="share-1"))

    assert served.prepare(claim)[claim.uid].devices[0].share_id == "share-1"


def test_both_versions_have_one_state(served: Served) -> None:
    claim = allocate(served.node.api, result(served.node.devices[0]))
    first = served.prepare(claim)[claim.uid].devices[0]
    with grpc.insecure_channel(f"unix:{served.service.path}") as channel:
        stub = dra_v1beta1_pb2_grpc.DRAPluginStub(channel)
        named = dra_v1beta1_pb2.Claim(uid=claim.uid, name=claim.name, namespace=claim.namespace)
        asked = dra_v1beta1_pb2.NodePrepareResourcesRequest(claims=[named])
        second = stub.NodePrepareResources(asked, timeout=10).claims[claim.uid].devices[0]
        freed = dra_v1beta1_pb2.NodeUnprepareResourcesRequest(claims=[named])
        answer = stub.NodeUnprepareResources(freed, timeout=10).claims

    assert second.cdi_device_ids == first.cdi_device_ids
    assert {uid: entry.error for uid, entry in answer.items()} == {claim.uid: ""}
    assert served.node.cdi_files == {}


def test_registration_answers_while_all_calls_are_stuck(served: Served) -> None:
    release, stuck = threading.Event(), threading.Semaphore(0)

    def wait(claim: ClaimName, deadline: float) -> Allocation:
        stuck.release()
        release.wait(20)
        return Allocation((), ())

    served.node.claims.read = wait  # type: ignore[method-assign] # the seam of mutants
    claims = [ClaimName(f"uid-{number}", "default", "claim") for number in range(8)]
    callers = [threading.Thread(target=served.prepare, args=[claim]) for claim in claims]
    for caller in callers:
        caller.start()
    for _ in callers:
        assert stuck.acquire(timeout=10)

    assert served.info().type == "DRAPlugin"
    release.set()
    for caller in callers:
        caller.join(10)


def test_a_call_that_the_kubelet_gave_up_is_there_for_the_next(served: Served) -> None:
    claim = allocate(served.node.api, result(served.node.devices[0]))
    release, read = threading.Event(), served.node.claims.read

    def slow(claim: ClaimName, deadline: float) -> Allocation:
        release.wait(10)
        return read(claim, time.monotonic() + 10)

    served.node.claims.read = slow  # type: ignore[method-assign] # the seam of mutants
    with pytest.raises(grpc.RpcError) as caught:
        served.prepare(claim, timeout=0.2)
    assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
    release.set()

    assert served.prepare(claim)[claim.uid].error == ""


def test_sockets_are_for_their_owner_only(served: Served) -> None:
    assert [one.path.stat().st_mode & 0o777 for one in served.sockets] == [0o600, 0o600]
    assert served.service.path.parent.stat().st_mode & 0o777 == 0o700


def test_nothing_but_the_sockets_is_left_in_their_folders(served: Served) -> None:
    for one in served.sockets:
        assert list(one.path.parent.iterdir()) == [one.path]
        one.close(5)
        assert list(one.path.parent.iterdir()) == []


def test_a_stale_socket_is_replaced(served: Served) -> None:
    path = served.introduction.path
    served.introduction.close(5)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(path))
    (path.parent / ".x-reg7").touch()
    again = Socket(path, served._introduce, workers=2)
    again.open()

    assert served.info().type == "DRAPlugin"
    assert list(path.parent.iterdir()) == [path]
    again.close(5)


def test_closing_leaves_what_somebody_else_put_there(served: Served) -> None:
    path = served.introduction.path
    path.unlink()
    path.write_text("not ours")
    served.introduction.close(5)

    assert path.read_text() == "not ours"


@pytest.mark.parametrize("loss", ["socket", "folder", "replaced"])
def test_what_was_removed_is_put_back(
    served: Served, loss: str, tmp_path: Path, wait_for: Callable[..., None]
) -> None:
    stop = threading.Event()
    upkeep = Upkeep(served.sockets, served.node.core, served.node.cdi_folder)
    thread = threading.Thread(target=upkeep.run, args=[stop])
    thread.start()
    for one in served.sockets:
        one.path.unlink()
        if loss == "folder":
            one.path.parent.rmdir()
        if loss == "replaced":
            one.path.parent.rename(tmp_path / f"old-{one.path.stem}")
            one.path.parent.mkdir()

    wait_for(lambda: all(one.path.exists() for one in served.sockets))
    assert served.info().type == "DRAPlugin"
    assert health(served) == ""
    stop.set()
    thread.join(10)


def test_a_call_under_way_survives_the_loss_of_its_socket(served: Served) -> None:
    claim = allocate(served.node.api, result(served.node.devices[0]))
    release, reading, read = threading.Event(), threading.Event(), served.node.claims.read

    def slow(claim: ClaimName, deadline: float) -> Allocation:
        reading.set()
        release.wait(10)
        return read(claim, deadline)

    served.node.claims.read = slow  # type: ignore[method-assign] # the seam of mutants
    answers: list[Any] = []
    caller = threading.Thread(target=lambda: answers.append(served.prepare(claim)))
    caller.start()
    assert reading.wait(10)
    served.service.path.unlink()
    assert served.service.ensure()
    release.set()
    caller.join(10)

    assert [answer[claim.uid].error for answer in answers] == [""]


def test_a_folder_that_cannot_be_used_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    blocked = Socket(tmp_path / "file" / "x.sock", lambda _server: None, workers=1)

    with pytest.raises(OSError, match="file"):
        blocked.open()
    assert not blocked.ensure()
    blocked.close(1)


def test_liveness_names_what_does_not_answer(served: Served) -> None:
    assert health(served) == ""
    served.service.close(1)
    assert "does not answer" in health(served)


def test_liveness_names_a_folder_that_only_we_still_see(served: Served) -> None:
    folder = served.node.cdi_folder
    folder.mkdir(exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    folder.rmdir()
    served.node.cdi_folder = Path(f"/proc/self/fd/{descriptor}")

    assert health(served) == f"{served.node.cdi_folder} was removed from the host"
    os.close(descriptor)


def test_an_opponent_does_not_make_upkeep_run_hot(
    served: Served, wait_for: Callable[..., None]
) -> None:
    stop, tries = threading.Event(), [0]
    ensure = served.service.ensure

    def count() -> bool:
        tries[0] += 1
        return ensure()

    served.service.ensure = count  # type: ignore[method-assign] # counts
    served.service.path.unlink()
    served.service.path.mkdir()
    upkeep = Upkeep(served.sockets, served.node.core, served.node.cdi_folder)
    thread = threading.Thread(target=upkeep.run, args=[stop])
    thread.start()
    wait_for(lambda: tries[0] >= 20)
    before = tries[0]
    # Twenty tries at once are granted, then one a second.
    stop.wait(1.5)
    assert tries[0] - before <= 4
    served.service.path.rmdir()

    wait_for(served.service.in_place)
    stop.set()
    thread.join(10)


def health(served: Served) -> str:
    node = served.node
    return liveness.check(served.introduction.path, served.service.path, node.cdi_folder)


def _wire(claim: ClaimName) -> dra_v1_pb2.Claim:
    return dra_v1_pb2.Claim(uid=claim.uid, namespace=claim.namespace, name=claim.name)
