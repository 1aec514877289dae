"""The kubelet seen from outside: its checkpoint, its registration folder, its metrics."""

import json
import os
import socket
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from drawplate.conformance.cluster import kubelet_view
from drawplate.conformance.cluster.kubelet_view import KubeletView
from drawplate.conformance.selftest.cluster.fakes import (
    DOWN,
    REGISTRY,
    FolderNode,
    registered,
    view,
)

if TYPE_CHECKING:
    from drawplate.fixtures.clusters.provider import Node
    from drawplate.fixtures.kubeapi import KubeApi


def write_checkpoint(root: Path, *uids: str) -> None:
    entries = [{"ClaimUID": uid} for uid in uids]
    data = json.dumps({"kind": "DRACheckpoint", "ClaimInfoStateList": entries or None})
    file = root / "var/lib/kubelet/dra_manager_state"
    part = file.with_name("part")
    part.write_text(json.dumps({"Data": data, "Checksum": 1}))
    part.replace(file)


def make_socket(root: Path, name: str) -> None:
    folder = os.open(root / REGISTRY.lstrip("/"), os.O_PATH)
    with socket.socket(socket.AF_UNIX) as made:
        # The path of a socket may have 108 bytes, which test folders exceed.
        made.bind(f"/proc/self/fd/{folder}/{name}")
    os.close(folder)


def test_claims_are_those_of_the_checkpoint(tmp_path: Path) -> None:
    seen = view(tmp_path)
    assert seen.claims() == frozenset()
    write_checkpoint(tmp_path, "a", "b")
    assert seen.claims() == {"a", "b"}
    write_checkpoint(tmp_path)
    assert seen.claims() == frozenset()


def test_half_written_checkpoint_counts_as_none(tmp_path: Path) -> None:
    seen = view(tmp_path)
    (tmp_path / "var/lib/kubelet/dra_manager_state").write_text('{"Data": "{')

    assert seen.claims() == frozenset()


def test_claim_is_forgotten_when_the_checkpoint_says_so(tmp_path: Path) -> None:
    seen = view(tmp_path)
    write_checkpoint(tmp_path, "a")
    threading.Timer(0.3, write_checkpoint, [tmp_path]).start()

    assert seen.forgets("a", 10)


def test_claim_that_stays_is_not_forgotten(tmp_path: Path) -> None:
    seen = view(tmp_path)
    write_checkpoint(tmp_path, "a")

    assert not seen.forgets("a", 0.6)


def test_only_sockets_with_a_proper_name_count(tmp_path: Path) -> None:
    seen = view(tmp_path)
    make_socket(tmp_path, "good.sock")
    make_socket(tmp_path, ".hidden.sock")
    (tmp_path / REGISTRY.lstrip("/") / "file").touch()

    assert set(seen.sockets()) == {f"{REGISTRY}/good.sock"}


def test_replaced_socket_is_new(tmp_path: Path) -> None:
    seen = view(tmp_path)
    make_socket(tmp_path, "a.sock")
    before = seen.sockets()
    path = tmp_path / REGISTRY.lstrip("/") / "a.sock"
    path.rename(path.with_name("kept"))  # so that the inode cannot be used again
    make_socket(tmp_path, "a.sock")
    path.with_name("kept").unlink()

    assert seen.new_sockets(before, 5, lambda: True) == {f"{REGISTRY}/a.sock"}


def test_nobody_waits_for_the_socket_of_a_driver_that_ended(tmp_path: Path) -> None:
    began = time.monotonic()

    assert view(tmp_path).new_sockets({}, 30, lambda: False) == frozenset()
    assert time.monotonic() - began < 5


def test_first_registration_counts_when_the_metric_shows_it(tmp_path: Path) -> None:
    seen = view(tmp_path, DOWN, registered(), registered("a.sock"))

    assert seen.registers(frozenset({f"{REGISTRY}/a.sock"}), 5, replaced=False)


def test_registration_of_the_old_instance_does_not_count(tmp_path: Path) -> None:
    texts = [registered("a.sock")] * 3 + [registered()] + [registered("a.sock")]
    seen = view(tmp_path, *texts)
    began = time.monotonic()

    assert seen.registers(frozenset({f"{REGISTRY}/a.sock"}), 10, replaced=True)
    assert 0.3 < time.monotonic() - began < kubelet_view.RECONCILED_SECONDS


def test_replacement_between_two_looks_is_believed_after_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubelet_view, "RECONCILED_SECONDS", 0.5)
    seen = view(tmp_path, registered("a.sock"))
    began = time.monotonic()

    assert seen.registers(frozenset({f"{REGISTRY}/a.sock"}), 10, replaced=True)
    assert time.monotonic() - began > 0.5


def test_missing_registration_is_told(tmp_path: Path) -> None:
    seen = view(tmp_path, registered("other.sock"))

    assert not seen.registers(frozenset({f"{REGISTRY}/a.sock"}), 0.3, replaced=False)


@pytest.mark.parametrize(
    ("version", "counted"), [("v1.37.2", 3), ("v1.36.9", 3), ("v1.35.4", 40), ("v1.34.4", 40)]
)
def test_only_failed_unprepares_are_counted(tmp_path: Path, version: str, counted: int) -> None:
    name = "dra_operations_duration_seconds_count"
    text = "\n".join(
        f'{name}{{is_error="{failed}",operation_name="{operation}"}} {count}'
        for failed, operation, count in (
            ("true", "UnprepareResources", 3),
            ("false", "UnprepareResources", 40),
            ("true", "PrepareResources", 500),
        )
    )

    build = f'kubernetes_build_info{{build_date="x",git_version="{version}",go_version="go1"}} 1'

    assert view(tmp_path, f"{build}\n{text}").failed_unprepares() == counted
    assert view(tmp_path, text).failed_unprepares() == 3
    assert view(tmp_path, DOWN).failed_unprepares() == 0


@pytest.mark.parametrize(("told", "seconds"), [("10s", 10), ("1m0s", 60), ("1m30s", 90)])
def test_retries_follow_the_configuration_of_the_kubelet(
    tmp_path: Path, told: str, seconds: float
) -> None:
    class Configured:
        def request(self, _method: str, _path: str) -> Any:
            return {"kubeletconfig": {"syncFrequency": told}}

    node = cast("Node", FolderNode(tmp_path))

    assert KubeletView(cast("KubeApi", Configured()), node).sync_seconds() == seconds
    assert view(tmp_path, DOWN).sync_seconds() == 60


def test_without_files_sockets_are_those_that_are_registered(tmp_path: Path) -> None:
    seen = view(tmp_path, registered("csi.sock"), registered("csi.sock", "a.sock"), blind=True)
    before = seen.sockets()

    assert seen.new_sockets(before, 5, lambda: True) == {f"{REGISTRY}/a.sock"}
    assert seen.claims() == frozenset()


def test_without_files_a_restarted_driver_counts_once_the_kubelet_has_looked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubelet_view, "RECONCILED_SECONDS", 0.3)
    both = registered("csi.sock", "a.sock")
    seen = view(tmp_path, registered("csi.sock"), both, blind=True)
    seen.new_sockets(seen.sockets(), 5, lambda: True)
    began = time.monotonic()

    assert seen.new_sockets(seen.sockets(), 5, lambda: True) == {f"{REGISTRY}/a.sock"}
    assert time.monotonic() >= began + 0.3
    assert seen.new_sockets(seen.sockets(), 5, lambda: False) == frozenset()
