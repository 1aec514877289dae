"""Registration: a bench kubelet accepts, refuses, retries and forgets as the real one does."""

import shutil
import socket
import time

import pytest

from drawplate.conformance.bench import registration
from drawplate.conformance.bench.claims import ClaimRef
from drawplate.conformance.bench.kubelet import Kubelet
from drawplate.conformance.bench.paths import BenchPaths
from drawplate.conformance.problems import Inconclusive
from drawplate.conformance.selftest.bench.scripted import NAME, ScriptedDriver

MADE_UP = ClaimRef("ns", "uid-1", "claim")


def refused(kubelet: Kubelet, count: int = 1) -> str:
    assert kubelet.registry.wait(lambda: len(kubelet.registry.refusals) >= count, 15)
    return kubelet.registry.refusals[-1].step


def test_a_driver_that_starts_later_registers(kubelet: Kubelet, driver: ScriptedDriver) -> None:
    driver.start()
    registered = kubelet.registered(budget=10)
    assert registered.endpoint == str(driver.socket)
    assert registered.socket == str(driver.registration_socket)
    assert registered.service == "v1.DRAPlugin"
    assert driver.notified == [(True, "")]


def test_a_driver_that_was_there_first_registers_once(
    paths: BenchPaths, driver: ScriptedDriver
) -> None:
    driver.start()
    kubelet = Kubelet(paths, driver=NAME)
    kubelet.start()
    kubelet.registered(budget=10)
    assert not kubelet.registry.wait(lambda: len(driver.notified) > 1, 0.3)
    kubelet.stop()
    assert driver.notified == [(True, "")]


def test_a_socket_in_a_new_sub_folder_is_found(kubelet: Kubelet, driver: ScriptedDriver) -> None:
    driver.registration_socket = kubelet.paths.registry / "sub" / "deep" / "reg.sock"
    driver.start()
    assert kubelet.registered(budget=10).socket.endswith("sub/deep/reg.sock")


def test_names_that_begin_with_a_dot_and_plain_files_are_passed_over(
    kubelet: Kubelet, driver: ScriptedDriver
) -> None:
    (kubelet.paths.registry / "file.sock").write_text("")
    driver.registration_socket = kubelet.paths.registry / ".hidden.sock"
    driver.start()
    assert kubelet.registry.registration(NAME, within=0.4) is None
    assert driver.notified == []


def test_removing_the_socket_is_deregistration(kubelet: Kubelet, serving: ScriptedDriver) -> None:
    serving.registration_socket.unlink()
    assert kubelet.registry.wait(lambda: not kubelet.registry.registrations, 10)
    assert [gone.name for gone in kubelet.registry.departures] == [NAME]
    assert kubelet.prepare(MADE_UP).status == "UNREGISTERED"


def test_a_recreated_socket_registers_again(kubelet: Kubelet, serving: ScriptedDriver) -> None:
    first = kubelet.registered(budget=1)
    serving.stop()
    serving.start()
    kubelet.registered(budget=10, after=first)
    assert len(kubelet.registry.registrations) == 1
    assert kubelet.prepare(MADE_UP).ok


def test_one_socket_mode_uses_the_registration_socket(paths: BenchPaths, kubelet: Kubelet) -> None:
    with ScriptedDriver(paths, one_socket=True) as driver:
        registered = kubelet.registered(budget=10)
        assert registered.endpoint == registered.socket
        assert kubelet.prepare(MADE_UP).ok
        assert driver.requests


@pytest.mark.parametrize(
    ("info", "step"),
    [
        ({"type": "CSIPlugin"}, "type"),
        ({"type": ""}, "type"),
        ({"supported_versions": []}, "versions"),
        ({"supported_versions": ["v1alpha4.DRAPlugin", "v2.DRAPlugin"]}, "versions"),
    ],
)
def test_a_wrong_type_or_version_is_refused_and_told(
    kubelet: Kubelet, driver: ScriptedDriver, info: dict[str, object], step: str
) -> None:
    driver.info = info
    driver.start()
    assert refused(kubelet) == step
    assert driver.notified[0][0] is False
    assert driver.notified[0][1]
    with pytest.raises(Inconclusive, match="has not registered"):
        kubelet.registered(budget=0)


def test_the_first_known_version_of_the_drivers_list_is_used(
    kubelet: Kubelet, driver: ScriptedDriver
) -> None:
    driver.info = {"supported_versions": ["v9.DRAPlugin", "v1beta1.DRAPlugin", "v1.DRAPlugin"]}
    driver.start()
    assert kubelet.registered(budget=10).service == "v1beta1.DRAPlugin"
    kubelet.prepare(MADE_UP)
    assert driver.requests[0][0] == "v1beta1"


def test_a_name_is_not_checked_as_the_kubelet_does_not(
    kubelet: Kubelet, driver: ScriptedDriver
) -> None:
    driver.info = {"name": "Not A Name"}
    driver.start()
    assert kubelet.registered("Not A Name", budget=10).name == "Not A Name"


def test_get_info_may_take_one_second(kubelet: Kubelet, driver: ScriptedDriver) -> None:
    driver.slow_info = 5
    driver.start()
    assert refused(kubelet) == "GetInfo"
    assert "DEADLINE_EXCEEDED" in kubelet.registry.refusals[0].reason
    (call,) = kubelet.log.select(method="GetInfo")
    assert 0.9 < call.seconds < 3


def test_failed_attempts_come_again_after_a_time_that_doubles(
    kubelet: Kubelet, driver: ScriptedDriver
) -> None:
    driver.refuse_notify = True
    driver.start()
    assert refused(kubelet, 3) == "notify"
    first, second, third = kubelet.registry.refusals[:3]
    assert [first.retry, second.retry, third.retry] == [0.5, 1.0, 2.0]
    assert second.at - first.at >= 0.5
    assert third.at - second.at >= 1.0
    driver.refuse_notify = False
    kubelet.registered(budget=10)


def test_nobody_behind_a_socket_is_a_failed_dial(
    kubelet: Kubelet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registration, "DIAL_SECONDS", 0.5)
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(kubelet.paths.registry / "stale.sock"))
    assert refused(kubelet) == "dial"


def test_a_second_socket_cannot_take_an_endpoint(kubelet: Kubelet, serving: ScriptedDriver) -> None:
    serving.serve(kubelet.paths.registry / "second-reg.sock", registration=True)
    assert refused(kubelet) == "endpoint"
    assert kubelet.registered(budget=0).socket == str(serving.registration_socket)


def test_of_two_instances_the_youngest_connected_is_called(
    paths: BenchPaths, kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    younger = ScriptedDriver(paths)
    younger.registration_socket = paths.registry / "younger-reg.sock"
    younger.socket = paths.plugins / "younger.sock"
    younger.start()
    assert kubelet.registry.wait(lambda: len(kubelet.registry.registrations) == 2, 10)
    endpoint = kubelet.registry.endpoint(NAME)
    assert endpoint
    assert endpoint.wait_connected(5)
    kubelet.prepare(MADE_UP)
    assert younger.requests
    younger.stop()
    assert kubelet.registry.wait(lambda: len(kubelet.registry.registrations) == 1, 10)
    kubelet.prepare(MADE_UP)
    assert serving.requests


def test_a_restarted_kubelet_registers_without_the_driver_doing_anything(
    kubelet: Kubelet, serving: ScriptedDriver
) -> None:
    kubelet.restart()
    kubelet.registered(budget=10)
    assert serving.notified == [(True, ""), (True, "")]
    assert kubelet.prepare(MADE_UP).ok


def test_a_stopped_kubelet_reaches_nobody(kubelet: Kubelet, serving: ScriptedDriver) -> None:
    kubelet.stop()
    assert kubelet.registry.registrations == ()
    assert kubelet.prepare(MADE_UP).status == "UNREGISTERED"
    kubelet.stop()


def test_stopping_ends_an_attempt_that_is_under_way(
    kubelet: Kubelet, driver: ScriptedDriver
) -> None:
    with socket.socket(socket.AF_UNIX) as stale:
        stale.bind(str(kubelet.paths.registry / "stale.sock"))
        time.sleep(0.2)
        began = time.monotonic()
        kubelet.stop()
        assert time.monotonic() - began < 3


def test_a_sub_folder_that_goes_takes_its_registration(
    kubelet: Kubelet, driver: ScriptedDriver
) -> None:
    driver.registration_socket = kubelet.paths.registry / "sub" / "reg.sock"
    driver.start()
    kubelet.registered(budget=10)
    shutil.rmtree(kubelet.paths.registry / "sub")
    assert kubelet.registry.wait(lambda: not kubelet.registry.registrations, 10)
