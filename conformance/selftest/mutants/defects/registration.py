"""Defects of registration and of the sockets."""

import threading
import time
from typing import Any

import grpc

from drawplate.conformance.selftest.mutants.defects.making import after, defect, nothing, put
from drawplate.driver import services
from drawplate.driver.daemon import Driver
from drawplate.driver.sockets import Socket
from drawplate.driver.wire import dra_v1_pb2_grpc


def _info(driver: Driver, **fields: Any) -> None:
    def change(info: Any, *_: object) -> Any:
        for name, value in fields.items():
            if isinstance(value, list):
                del info.supported_versions[:]
                info.supported_versions.extend(value)
            else:
                setattr(info, name, value)
        return info

    after(driver.registration, "GetInfo", change)


@defect("no-registration")
def _no_registration(driver: Driver) -> None:
    put(driver.registration_socket, "open", nothing)


@defect("wrong-type")
def _wrong_type(driver: Driver) -> None:
    _info(driver, type="DevicePlugin")


@defect("name-differs")
def _name_differs(driver: Driver) -> None:
    _info(driver, name=f"other.{driver.settings.driver}")


@defect("slow-getinfo")
def _slow_getinfo(driver: Driver) -> None:
    def wait(info: Any, *_: object) -> Any:
        time.sleep(1.5)
        return info

    after(driver.registration, "GetInfo", wait)


@defect("endpoint-missing")
def _endpoint_missing(driver: Driver) -> None:
    _info(driver, endpoint=f"{driver.settings.service_socket}.gone")


@defect("unknown-version")
def _unknown_version(driver: Driver) -> None:
    _info(driver, supported_versions=["v9.DRAPlugin"])


@defect("oldest-first")
def _oldest_first(driver: Driver) -> None:
    _info(driver, supported_versions=list(reversed(services.VERSIONS)))


@defect("version-not-served")
def _version_not_served(driver: Driver) -> None:
    def only_v1(server: object) -> None:
        dra_v1_pb2_grpc.add_DRAPluginServicer_to_server(driver.plugin_v1, server)

    put(driver.service_socket, "_register", only_v1)


@defect("notify-error")
def _notify_error(driver: Driver) -> None:
    def refuse(_request: object, context: grpc.ServicerContext) -> None:
        context.abort(grpc.StatusCode.INTERNAL, "no notifications, please")

    put(driver.registration, "NotifyRegistrationStatus", refuse)


@defect("refusal-final")
def _refusal_final(driver: Driver) -> None:
    mark = driver.settings.checkpoint.with_name("refused")
    info = driver.registration.GetInfo

    def remember(reply: object, request: Any, _context: object) -> object:
        if not request.plugin_registered:
            mark.touch()
        return reply

    def sulk(request: Any, context: grpc.ServicerContext) -> Any:
        if mark.exists():
            context.abort(grpc.StatusCode.UNAVAILABLE, "once refused, never again")
        return info(request, context)

    after(driver.registration, "NotifyRegistrationStatus", remember)
    put(driver.registration, "GetInfo", sulk)


@defect("stale-socket")
def _stale_socket(driver: Driver) -> None:
    for socket in (driver.service_socket, driver.registration_socket):
        put(socket, "open", lambda socket=socket: _open_if_free(socket))


def _open_if_free(socket: Socket) -> None:
    if socket.path.exists():
        raise OSError(f"{socket.path}: address already in use")
    Socket.open(socket)


@defect("socket-left")
def _socket_left(driver: Driver) -> None:
    put(driver.registration_socket, "close", nothing)


@defect("one-registration")
def _one_registration(driver: Driver) -> None:
    info, prepare = driver.registration.GetInfo, driver.core.prepare
    used = threading.Event()

    def note(*given: Any) -> Any:
        used.set()
        return prepare(*given)

    def once(request: Any, context: grpc.ServicerContext) -> Any:
        if used.is_set():
            context.abort(grpc.StatusCode.ALREADY_EXISTS, "registered already, and in use")
        return info(request, context)

    put(driver.core, "prepare", note)
    put(driver.registration, "GetInfo", once)


@defect("socket-open")
def _socket_open(driver: Driver) -> None:
    for socket in (driver.service_socket, driver.registration_socket):
        put(socket, "open", lambda socket=socket: _open_to_all(socket))


def _open_to_all(socket: Socket) -> None:
    Socket.open(socket)
    socket.path.chmod(0o777)
    socket.path.parent.chmod(0o755)
