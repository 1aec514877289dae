"""The versions of the DRA service: which one the kubelet takes, and how to call each."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import grpc

from drawplate.driver.wire import dra_v1_pb2, dra_v1_pb2_grpc, dra_v1beta1_pb2, dra_v1beta1_pb2_grpc

PREPARE = "NodePrepareResources"
UNPREPARE = "NodeUnprepareResources"


class Claim(Protocol):
    """What a request says about one claim."""

    @property
    def namespace(self) -> str: ...
    @property
    def uid(self) -> str: ...
    @property
    def name(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Service:
    """One version of the DRAPlugin service.

    `name` is the string of a driver's `supported_versions`; `path` the full gRPC name.
    """

    name: str
    path: str
    messages: Any
    stub: Callable[[grpc.Channel], Any]

    def request(self, method: str, claims: Iterable[Claim]) -> Any:
        """Build the request message of `method` for `claims`, in their order."""
        asked = [
            self.messages.Claim(namespace=claim.namespace, uid=claim.uid, name=claim.name)
            for claim in claims
        ]
        return getattr(self.messages, f"{method}Request")(claims=asked)

    def method(self, channel: grpc.Channel, method: str) -> Any:
        """Give the callable of `method` on `channel`."""
        return getattr(self.stub(channel), method)


V1 = Service(
    "v1.DRAPlugin",
    "k8s.io.kubelet.pkg.apis.dra.v1.DRAPlugin",
    dra_v1_pb2,
    dra_v1_pb2_grpc.DRAPluginStub,
)
V1BETA1 = Service(
    "v1beta1.DRAPlugin",
    "k8s.io.kubelet.pkg.apis.dra.v1beta1.DRAPlugin",
    dra_v1beta1_pb2,
    dra_v1beta1_pb2_grpc.DRAPluginStub,
)

# kubernetes v1.37 pkg/kubelet/cm/dra/plugin/dra_plugin.go, servicesSupportedByKubelet.
SERVICES: Mapping[str, Service] = {service.name: service for service in (V1, V1BETA1)}


class NoKnownVersion(ValueError):
    """A driver offers nothing that the kubelet could call. `str()` is what the driver is told."""


def choose(offered: Sequence[str]) -> Service:
    """Give the first entry of the driver's list that the kubelet knows.

    The driver's order decides, not ours (kubernetes v1.37 pkg/kubelet/cm/dra/plugin/
    dra_plugin_manager.go, validateSupportedServices): a driver that lists its oldest version
    first is called with its oldest version. Unknown entries are tolerated.
    Raises NoKnownVersion when the list is empty or has nothing that the kubelet knows.
    """
    if not offered:
        raise NoKnownVersion("supported_versions is empty")
    for name in offered:
        if name in SERVICES:
            return SERVICES[name]
    known = ", ".join(SERVICES)
    raise NoKnownVersion(f"none of supported_versions ({', '.join(offered)}) is one of {known}")


def service(name: str) -> Service:
    """Give the service of a name such as "v1.DRAPlugin" or just "v1".

    Raises KeyError for a version that does not exist.
    """
    return SERVICES[name if name in SERVICES else f"{name}.DRAPlugin"]
