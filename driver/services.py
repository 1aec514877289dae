"""The gRPC services: registration, and DRAPlugin in two versions over the same core."""

import logging
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import grpc

from drawplate.driver.core import Core
from drawplate.driver.prepared import ClaimName, PreparedDevice
from drawplate.driver.wire import (
    dra_v1_pb2,
    dra_v1_pb2_grpc,
    dra_v1beta1_pb2,
    dra_v1beta1_pb2_grpc,
    registration_pb2,
    registration_pb2_grpc,
)

_log = logging.getLogger(__name__)

# The kubelet takes the first that it knows, so the newest comes first.
VERSIONS = ("v1.DRAPlugin", "v1beta1.DRAPlugin")

# kubernetes v1.37 pkg/kubelet/cm/dra/plugin/dra_plugin.go: what a call may take. Seconds.
KUBELET_DEADLINE = 45.0

# What is kept back of the deadline so that the answer still arrives. Seconds.
_MARGIN = 1.0


class Registration(registration_pb2_grpc.RegistrationServicer):
    """Tells the kubelet who this is, and hears whether it was accepted."""

    def __init__(self, driver: str, endpoint: Path) -> None:
        self.registered = False
        self._driver = driver
        self._endpoint = endpoint

    # The wire's name.
    def GetInfo(  # noqa: N802
        self, request: registration_pb2.InfoRequest, context: grpc.ServicerContext
    ) -> registration_pb2.PluginInfo:
        """Answer at once: the kubelet waits one second."""
        del request, context
        return registration_pb2.PluginInfo(
            type="DRAPlugin",
            name=self._driver,
            endpoint=str(self._endpoint),
            supported_versions=VERSIONS,
        )

    # The wire's name.
    def NotifyRegistrationStatus(  # noqa: N802
        self, request: registration_pb2.RegistrationStatus, context: grpc.ServicerContext
    ) -> registration_pb2.RegistrationStatusResponse:
        """Note the kubelet's word; after a refusal it tries again by itself."""
        del context
        self.registered = request.plugin_registered
        if request.plugin_registered:
            _log.info("registered with the kubelet")
        else:
            _log.error("the kubelet refused registration", extra={"error": request.error})
        return registration_pb2.RegistrationStatusResponse()


class _Plugin:
    """What both versions have in common; `messages` is the module of the version's messages."""

    messages: Any

    def __init__(self, core: Core) -> None:
        self._core = core

    # The wire's name.
    def NodePrepareResources(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Prepare the claims; each has its own result or error."""
        answers = self._core.prepare(_names(request.claims), _deadline(context))
        response = self.messages.NodePrepareResourcesResponse()
        for uid, answer in answers.items():
            entry = response.claims[uid]
            entry.error = answer.error
            entry.devices.extend(self.device(*prepared) for prepared in answer.devices)
        return response

    # The wire's name.
    def NodeUnprepareResources(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Unprepare the claims; each has its own result or error."""
        del context
        response = self.messages.NodeUnprepareResourcesResponse()
        for uid, answer in self._core.unprepare(_names(request.claims)).items():
            response.claims[uid].error = answer.error
        return response

    def device(self, device: PreparedDevice, identifiers: Sequence[str]) -> Any:
        """Give one device of the answer."""
        return self.messages.Device(
            request_names=[device.base_request],
            pool_name=device.pool,
            device_name=device.device,
            cdi_device_ids=identifiers,
        )


class PluginV1(_Plugin, dra_v1_pb2_grpc.DRAPluginServicer):
    """DRAPlugin v1."""

    messages = dra_v1_pb2

    def device(self, device: PreparedDevice, identifiers: Sequence[str]) -> Any:
        """Give one device of the answer, with its share if it has one."""
        message = super().device(device, identifiers)
        if device.share_id:
            message.share_id = device.share_id
        return message


class PluginV1Beta1(_Plugin, dra_v1beta1_pb2_grpc.DRAPluginServicer):
    """DRAPlugin v1beta1: as v1, without shares."""

    messages = dra_v1beta1_pb2


def _names(claims: Iterable[Any]) -> list[ClaimName]:
    # One entry per UID, however often it is named.
    found = {claim.uid: ClaimName(claim.uid, claim.namespace, claim.name) for claim in claims}
    return list(found.values())


def _deadline(context: grpc.ServicerContext) -> float:
    left = context.time_remaining()
    # Without a deadline gRPC gives None or centuries.
    seconds = KUBELET_DEADLINE if left is None else min(left, KUBELET_DEADLINE)
    return time.monotonic() + seconds - _MARGIN
