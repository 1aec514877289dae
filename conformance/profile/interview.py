"""Asking a running driver about itself: its slices on the API server, its registration socket."""

from collections.abc import Sequence
from pathlib import Path

from drawplate.conformance.profile.draft import Findings, choose, describe
from drawplate.emulators.problems import SetupProblem
from drawplate.fixtures.kubeapi import ApiError, KubeApi

# kubernetes v1.37 pkg/kubelet/pluginmanager/operationexecutor: the kubelet gives GetInfo one second.
GET_INFO_SECONDS = 1.0


def interview(kubeconfig: Path, driver: str, node: str, registry: Path) -> Findings:
    """Ask the driver `driver` on `node`; "" for either means the only one there is.

    `registry` is the folder of registration sockets on this machine; when the driver has none
    there that answers, its versions stay unknown. Raises SetupProblem when the API server cannot
    be asked or has no slices of such a driver.
    """
    # Only this command needs the client, which is slow to import.
    import urllib3.exceptions  # noqa: PLC0415

    try:
        slices = KubeApi(kubeconfig).list("ResourceSlice")
    except LookupError as error:
        raise SetupProblem(
            "this cluster does not serve resource.k8s.io",
            where=str(kubeconfig),
            cure="use Kubernetes 1.34 or newer",
        ) from error
    except (ApiError, OSError, urllib3.exceptions.HTTPError) as error:
        raise SetupProblem(
            f"the API server cannot be asked: {error}",
            where=str(kubeconfig),
            cure="give the kubeconfig of a running cluster, with the right to list ResourceSlices",
        ) from error
    name, chosen = choose(slices, driver, node)
    return describe(slices, name, chosen, _versions(registry, name))


def _versions(registry: Path, driver: str) -> Sequence[str] | None:
    try:
        sockets = sorted(path for path in registry.rglob("*") if path.is_socket())
    except OSError:
        return None
    answers = (_get_info(socket) for socket in sockets)
    return next((versions for name, versions in answers if name == driver), None)


def _get_info(socket: Path) -> tuple[str, Sequence[str]]:
    import grpc  # noqa: PLC0415 - only needed when there is a socket

    from drawplate.driver.wire import registration_pb2, registration_pb2_grpc  # noqa: PLC0415

    with grpc.insecure_channel(f"unix:{socket.absolute()}") as channel:
        stub = registration_pb2_grpc.RegistrationStub(channel)
        try:
            info = stub.GetInfo(registration_pb2.InfoRequest(), timeout=GET_INFO_SECONDS)
        except grpc.RpcError:
            # Not every socket of the folder need be a driver that answers.
            return "", ()
    return str(info.name), tuple(info.supported_versions)
